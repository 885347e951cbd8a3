import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import { read } from './lmdb-module.ts';
import { type OpenMap, openMap } from './open-map.ts';
import { createWriteTurns, type Told, type WriteTurns } from './write-turns.ts';

let folder: string;
let map: OpenMap;
let turns: WriteTurns;
let told: Told[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cachegate-turns-'));
  map = await openMap(folder, 64 * 1024 * 1024);
  told = [];
  turns = createWriteTurns(map.records, systemClock, (each) => void told.push(each));
});
afterEach(async () => {
  turns.close();
  await map.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (key: string, text: string) => void map.records.put(key, Buffer.from(text));
const textAt = (key: string) => read(map.records, key)?.toString();
const commits = () => map.records.getStats().lastTxnId;

describe('createWriteTurns', () => {
  it('commits what is asked for in one turn together, and tells of it when it can be read', async () => {
    const before = commits();
    const jobs = Array.from({ length: 50 }, (_, i) =>
      turns.run((turn) => {
        put(`s${i}`, 'x');
        turn.changed(`${i}`);
        return [i, turn.stamp(), told.length] as const;
      }),
    );
    const answers = await Promise.all(jobs);
    expect(commits()).toBe(before + 1);
    expect(answers.map(([i]) => i)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(new Set(answers.map(([, stamp]) => stamp)).size).toBe(50);
    expect(answers.every(([, , before]) => before === 0)).toBe(true);
    expect(told).toEqual([{ changed: answers.map(([i]) => `${i}`), dropped: [] }]);
    expect(textAt('s49')).toBe('x');
  });

  it('gives later transactions greater stamps', async () => {
    const first = await turns.run((turn) => [put('s', '1'), turn.stamp()][1]);
    const second = await turns.run((turn) => [put('s', '2'), turn.stamp()][1]);
    expect(second).toBeGreaterThan(first as number);
  });

  it('refuses one job, and carries out the others', async () => {
    const refusal = new CachegateError('ERR_STORE_VALUE_TOO_LARGE', 'too large');
    const answers = await Promise.allSettled([
      turns.run(() => put('s1', 'x')),
      turns.run(() => {
        throw refusal;
      }),
      turns.run(() => put('s2', 'x')),
    ]);
    expect(answers[1]).toMatchObject({ status: 'rejected', reason: refusal });
    expect([textAt('s1'), textAt('s2')]).toEqual(['x', 'x']);
  });

  it('undoes what a job did that failed on the way, and only that', async () => {
    const answers = await Promise.allSettled([
      turns.run(() => put('s1', 'x')),
      turns.run((turn) => {
        put('s2', 'half');
        turn.changed('s2');
        throw new Error('broken');
      }),
      turns.run(() => put('s3', 'x')),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { code: 'ERR_STORE_UNWRITABLE' } });
    expect([textAt('s1'), textAt('s2'), textAt('s3')]).toEqual(['x', undefined, 'x']);
    expect(told.flatMap(({ changed }) => changed)).toEqual([]);
  });

  it('lets no more wait than it can hold', async () => {
    const jobs = Array.from({ length: 20_010 }, () => turns.run(() => {}));
    const refused = (await Promise.allSettled(jobs)).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ reason: { code: 'ERR_STORE_OVERLOADED' } });
    await turns.run(() => {});
  });

  it('carries out all that waits when it is closed, and nothing after that', async () => {
    const jobs = Array.from({ length: 300 }, (_, i) => turns.run(() => put(`s${i}`, 'x')));
    turns.close();
    expect(textAt('s299')).toBe('x');
    await Promise.all(jobs);
    await expect(turns.run(() => {})).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' });
  });
});
