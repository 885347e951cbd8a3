import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

// The example on the built package, as its README says.

const FOLDER = resolve(import.meta.dirname, '../../examples/one-line');
const DEADLINE_MS = 60_000;
const CLIENTS = ['undici', 'fetch', 'got'];

const linesOf = async (file: string) => (await readFile(resolve(FOLDER, file), 'utf8')).split('\n');

describe('a program with one line changed', () => {
  it.each(CLIENTS)('has one line changed, and no more: %s', async (client) => {
    const [before, after] = await Promise.all([
      linesOf(`${client}-before.mjs`),
      linesOf(`${client}-after.mjs`),
    ]);
    expect(after).toHaveLength(before.length);
    expect(after.filter((line, i) => line !== before[i])).toHaveLength(1);
  });

  it('asks the origin once for each product, and prints the same', { timeout: DEADLINE_MS }, async () => {
    const ran = await promisify(execFile)(process.execPath, [resolve(FOLDER, 'run.mjs'), '--json'], {
      timeout: DEADLINE_MS,
    });
    const expected = CLIENTS.map((client) => ({ client, before: 20, after: 5, same: true }));
    expect(JSON.parse(ran.stdout)).toMatchObject(expected);
  });
});
