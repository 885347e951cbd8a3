import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LmdbTree } from '../../src/store/lmdb/lmdb-module.ts';
import { createLmdbStore, type LmdbStoreOptions } from '../../src/store/lmdb/lmdb-store.ts';
import { openMap } from '../../src/store/lmdb/open-map.ts';
import type { Begun, RateRule, Store, StoredValue, TakeResult } from '../../src/store/store.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { type LmdbProcess, type LmdbProcessOptions, startLmdbProcess } from '../support/lmdb-process.ts';

const MINUTE = 60_000;
const MIB = 1024 * 1024;
const RULES: RateRule[] = [{ limit: 100, windowMs: MINUTE }];

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cachegate-lmdb-'));
  ended.push(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function opened(path: string, options: Partial<LmdbStoreOptions> = {}): Promise<Store> {
  const store = await createLmdbStore({ path, ...options });
  ended.push(() => store.close());
  return store;
}

function started(path: string, options: LmdbProcessOptions = {}): LmdbProcess {
  const child = startLmdbProcess(path, options);
  ended.push(() => child.kill('SIGKILL'));
  return child;
}

/** Of the store's file, in bytes. */
function fileSize(folder: string): number {
  const file = readdirSync(folder).find((name) => name.endsWith('.mdb'));
  return statSync(join(folder, file!)).size;
}

async function textOf(store: Pick<Store, 'get'>, key: string): Promise<string | null> {
  const [value] = await store.get([key]);
  return value?.bytes.toString() ?? null;
}

describe('LMDB store: the contract', () => {
  for (const { name, run } of storeContract) {
    it(name, async () => {
      const [path, clock] = [newFolder(), createManualClock()];
      await run({ create: () => createLmdbStore({ path, clock }), advance: clock.advance });
    });
  }

  // A little more than asked for: timers may be early by the milliseconds' rounding.
  const advance = (ms: number) => sleep(ms + 5);
  let shared: string;
  beforeAll(() => {
    shared = mkdtempSync(join(tmpdir(), 'cachegate-lmdb-'));
  });
  afterAll(() => rmSync(shared, { recursive: true, force: true }));
  for (const { name, run } of storeContract) {
    it.concurrent(`many on one folder: ${name}`, () =>
      run({ create: () => createLmdbStore({ path: shared }), advance }));
  }
});

describe('LMDB store', () => {
  it('keeps what it was given over a restart', async () => {
    const path = newFolder();
    const before = await createLmdbStore({ path });
    const long = Buffer.alloc(300_000, 'body');
    await before.set('short', Buffer.from('x'), MINUTE);
    await before.set('long', long, MINUTE, { group: 'long', tags: ['tag'] });
    await before.take('limit', RULES, 60);
    await before.close();
    const store = await opened(path);
    const values = await store.get(['short', 'long']);
    expect(values[0]?.bytes.toString()).toBe('x');
    expect(values[1]?.bytes.equals(long)).toBe(true);
    expect((await store.take('limit', RULES, 1)).rules[0]?.remaining).toBe(39);
    expect(await store.dropTagged(['tag'])).toBe(1);
  });

  it('answers with the same Buffer until the value is written again', async () => {
    const store = await opened(newFolder());
    for (const size of [10, 1_000, 100_000]) {
      await store.set('a', Buffer.alloc(size), MINUTE);
      const [first] = await store.get(['a']);
      expect((await store.get(['a']))[0]?.bytes).toBe(first?.bytes);
      await store.set('a', Buffer.alloc(size, 1), MINUTE);
      const [second] = await store.get(['a']);
      expect(second?.bytes).not.toBe(first?.bytes);
      await store.drop(['a'], { markedAt: 1_790_000_000_000 });
      expect((await store.get(['a']))[0]?.bytes).not.toBe(second?.bytes);
    }
  });

  it('keeps values of every size around a page exactly, and long keys apart', async () => {
    const store = await opened(newFolder());
    const sizes = [0, 1, 8, 9, 159, 160, 161, 4_071, 4_072, 4_073, 8_144, 8_145, 1_000_000];
    const values = sizes.map((size) => Buffer.from(Array.from({ length: size }, (_, i) => i * 7 + size)));
    const keys = sizes.map((size) => `${'k'.repeat(2_000)}${size}`);
    await Promise.all(keys.map((key, i) => store.set(key, values[i]!, MINUTE, { group: 'b'.repeat(3_000) })));
    const found = await store.get(keys);
    for (const [i, value] of values.entries())
      expect(found[i]?.bytes.equals(value), `${sizes[i]}`).toBe(true);
    expect(await store.drop(['b'.repeat(3_000)])).toBe(1);
    expect((await store.get(keys)).every((value) => value === null)).toBe(true);
  });

  it('drops a group of many keys', async () => {
    const store = await opened(newFolder());
    const keys = Array.from({ length: 300 }, (_, i) => `base:${i}`);
    await Promise.all(keys.map((key) => store.set(key, Buffer.from(key), MINUTE, { group: 'base' })));
    expect(await store.drop(['base'])).toBe(1);
    expect((await store.get(keys)).every((value) => value === null)).toBe(true);
  });

  it('waits for no lease from before the clock was set back', async () => {
    const clock = createManualClock();
    const store = await opened(newFolder(), { clock });
    const lease = { name: 'l', holder: 'one', ttlMs: 2_000 };
    const { fence } = await store.begin('a', lease);
    clock.advance(-60 * MINUTE);
    expect((await store.begin('a', { ...lease, holder: 'two' })).lease?.kind).toBe('held');
    expect(await store.set('a', Buffer.from('x'), MINUTE, { group: 'a', fence })).toBe(false);
  });

  it('removes what has expired in the background, its tags and groups too', async () => {
    const clock = createManualClock();
    const path = newFolder();
    const store = await opened(path, { clock });
    const map = await openMap(path, MIB);
    ended.push(() => map.close());
    const keysOf = (tree: LmdbTree) => [...tree.getKeys({ start: Buffer.alloc(1) })].length;
    const left = () => keysOf(map.records) + keysOf(map.pieces);
    const options = { group: 'base', tags: ['tag'] };
    await Promise.all(
      Array.from({ length: 500 }, (_, i) => store.set(`k${i}`, Buffer.alloc(5_000), 1_000 + i, options)),
    );
    await store.begin('base');
    await store.take('limit', RULES);
    await store.set('lasting', Buffer.from('x'), 60 * MINUTE);
    expect(left()).toBeGreaterThan(2_000);
    clock.advance(10 * MINUTE);
    // The value that lasts, when it expires, and the name of the tree of pieces.
    await expect.poll(left, { timeout: 10_000 }).toBe(3);
    expect(await textOf(store, 'lasting')).toBe('x');
  });

  it('stays within its bound, and forgets first what expires soonest', async () => {
    const path = newFolder();
    const store = await opened(path, { limitBytes: 8 * MIB });
    const forgotten: string[] = [];
    store.listen({ changed: (key) => void forgotten.push(key) });
    await store.set('lasting', Buffer.alloc(50_000), 60 * MINUTE);
    for (let i = 0; i < 600; i++)
      await store.set(`k${i}`, Buffer.alloc(1_000 + (i % 5) * 20_000), MINUTE + i);
    expect(fileSize(path)).toBeLessThanOrEqual(8 * MIB);
    expect(await store.get(['lasting', 'k599', 'k0'])).toMatchObject([{}, {}, null]);
    expect(forgotten.filter((key) => key === 'k0')).toHaveLength(2);
    await expect(async () => store.set('huge', Buffer.alloc(2 * MIB), MINUTE)).rejects.toMatchObject({
      code: 'ERR_STORE_VALUE_TOO_LARGE',
    });
  });

  it('refuses to write when nothing can be forgotten, and goes on reading', async () => {
    const path = newFolder();
    const store = await opened(path, { limitBytes: 2 * MIB });
    await store.set('a', Buffer.from('x'), MINUTE);
    const rules = Array.from({ length: 20 }, (_, i) => ({ limit: 10, windowMs: MINUTE + i }));
    const takes = await Promise.allSettled(
      Array.from({ length: 4_000 }, async (_, i) => store.take(`limit:${i}`, rules)),
    );
    const refused = takes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'ERR_STORE_UNWRITABLE' });
    await expect(store.set('b', Buffer.from('x'), MINUTE)).rejects.toMatchObject({
      code: 'ERR_STORE_UNWRITABLE',
    });
    expect(await store.get(['b'])).toEqual([null]);
    expect(fileSize(path)).toBeLessThanOrEqual(2 * MIB);
  });
});

describe('LMDB store: several processes', () => {
  it('lets in exactly the limit', async () => {
    const path = newFolder();
    const [store, one, two] = [await opened(path), started(path), started(path)];
    await Promise.all([one.call('ping'), two.call('ping')]);
    const taken = await Promise.all([
      one.repeat<TakeResult>(80, 'take', 'limit', RULES),
      two.repeat<TakeResult>(80, 'take', 'limit', RULES),
      Promise.all(Array.from({ length: 80 }, async () => store.take('limit', RULES))),
    ]);
    expect(taken.flat().filter(({ allowed }) => allowed)).toHaveLength(100);
  });

  it('lets one write an absent value, replace it, and take the lease', async () => {
    const path = newFolder();
    const processes = [started(path), started(path)];
    await Promise.all(processes.map((each) => each.call('ping')));
    const everywhere = async <T>(method: string, ...args: unknown[]) =>
      (await Promise.all(processes.map((each) => each.repeat<T>(20, method, ...args)))).flat();
    const written = await everywhere<boolean>('set', 'a', Buffer.from('x'), MINUTE, { onlyIfAbsent: true });
    expect(written.filter((each) => each)).toHaveLength(1);
    const replaced = await everywhere<boolean>('replace', 'a', Buffer.from('x'), Buffer.from('y'), MINUTE);
    expect(replaced.filter((each) => each)).toHaveLength(1);
    const begun = await Promise.all(
      processes.flatMap((each, i) =>
        Array.from({ length: 10 }, (_, j) =>
          each.call<Begun>('begin', 'base', { name: 'fill', holder: `${i}.${j}`, ttlMs: MINUTE }),
        ),
      ),
    );
    expect(begun.filter(({ lease }) => lease?.kind === 'held')).toHaveLength(1);
    expect(new Set(begun.map(({ fence }) => fence)).size).toBe(1);
  });

  it('adds up what all of them count, each batch once', async () => {
    const path = newFolder();
    const [store, one, two] = [await opened(path), started(path), started(path)];
    await Promise.all([one.call('ping'), two.call('ping')]);
    const send = (each: LmdbProcess, source: string) =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) => {
          const increments = new Map([['hits', i + 1]]);
          return each.repeat(2, 'add', 'stats', { source, sequence: i + 1, increments }, MINUTE);
        }),
      );
    await Promise.all([send(one, 'one'), send(two, 'two')]);
    expect(await store.counters(['stats'])).toEqual([new Map([['hits', 420]])]);
  });

  it('tells what they hold together', async () => {
    const path = newFolder();
    const [store, one, two] = [await opened(path), started(path), started(path)];
    const fill = (each: LmdbProcess, name: string) =>
      Promise.all(
        Array.from({ length: 100 }, (_, i) => {
          const base = `${name}${i}`;
          return each.call('set', base, Buffer.from('x'), MINUTE, { group: base, tags: ['t'] });
        }),
      );
    await Promise.all([fill(one, 'one'), fill(two, 'two')]);
    expect(await store.usage(['t'], 50)).toMatchObject({ entries: 200, sample: { length: 50 } });
    await one.call('dropTagged', ['t']);
    expect(await store.usage(['t'], 50)).toMatchObject({ entries: 0, sample: [] });
  });

  it('answers with what another process has written as soon as that is written', async () => {
    const path = newFolder();
    const [store, other] = [await opened(path), started(path)];
    for (let i = 0; i < 200; i++) {
      await other.call('set', 'a', Buffer.from(`${i}`), MINUTE);
      expect(await textOf(store, 'a')).toBe(`${i}`);
      await store.delete(['a']);
      expect(await other.call('get', ['a'])).toEqual([null]);
    }
  });

  it('tells others of the drop of a group that they fill, and lets them write nothing of it', async () => {
    const path = newFolder();
    const [store, other] = [await opened(path), started(path)];
    const { fence } = await other.call<Begun>('begin', 'base');
    const tagged = await other.call<Begun>('begin', 'tagged');
    await store.drop(['base']);
    await store.dropTagged(['tag']);
    await expect.poll(() => other.heard()).toEqual(['base']);
    const late = await other.call('set', 'base', Buffer.from('old'), MINUTE, { group: 'base', fence });
    expect(late).toBe(false);
    const options = { group: 'tagged', fence: tagged.fence, tags: ['tag'] };
    expect(await other.call('set', 'tagged', Buffer.from('old'), MINUTE, options)).toBe(false);
    expect(await store.get(['base', 'tagged'])).toEqual([null, null]);
  });

  it('tells others of the drop of a group that nobody fills', async () => {
    const path = newFolder();
    const [store, other] = [await opened(path), started(path)];
    const bases = ['ownsession:{a}', 'ownsession:{b}'];
    for (const base of bases) await other.call('set', base, Buffer.from('x'), MINUTE, { group: base });
    await store.drop([...bases, 'ownsession:{not there}']);
    await expect.poll(() => other.heard(), { interval: 5 }).toEqual(bases);
  });

  it('lets two open a new folder at once', async () => {
    const path = newFolder();
    const processes = [started(path), started(path), started(path)];
    await Promise.all(processes.map((each, i) => each.call('set', `k${i}`, Buffer.from('x'), MINUTE)));
    const seen = await Promise.all(
      processes.map((each) => each.call<(StoredValue | null)[]>('get', ['k0', 'k1', 'k2'])),
    );
    for (const values of seen) expect(values.every((value) => value !== null)).toBe(true);
  });

  it('is not damaged by processes that are killed while they write', async () => {
    const path = newFolder();
    const store = await opened(path);
    for (let round = 0; round < 6; round++) {
      const prefix = `round${round}`;
      const child = started(path);
      await child.writeForEver(prefix);
      await child.written(20 + round);
      await child.kill('SIGKILL');
      const last = child.lastWritten();
      // What was acknowledged is there, and the two writes of a turn are there together.
      const keys = Array.from({ length: 50 }, (_, i) => i);
      const one = await store.get(keys.map((i) => `${prefix}:a:${i}`));
      const two = await store.get(keys.map((i) => `${prefix}:b:${i}`));
      expect(one.map((value) => value?.bytes.toString('latin1'))).toEqual(
        two.map((value) => value?.bytes.toString('latin1')),
      );
      expect(one[last % 50]?.bytes.every((byte) => byte === one[last % 50]!.bytes[0])).toBe(true);
      expect(await store.set(`after${round}`, Buffer.from('x'), MINUTE)).toBe(true);
    }
    expect(await store.drop(['b'])).toBe(1);
  });

  it('says so when the disk is full, reads on, and writes when there is room', async () => {
    const path = newFolder();
    const full = started(path, { fileKib: 1_000 });
    const value = Buffer.alloc(100_000, 'x');
    const outcomes = new Set<unknown>();
    for (let i = 0; i < 20; i++) {
      outcomes.add(await full.call('set', `k${i}`, value, MINUTE).catch((error) => error.code));
    }
    expect([...outcomes]).toEqual([true, 'ERR_STORE_UNWRITABLE']);
    const [first] = await full.call<(StoredValue | null)[]>('get', ['k0']);
    expect(value.equals(first!.bytes)).toBe(true);
    const store = await opened(path);
    expect(await store.set('k19', value, MINUTE)).toBe(true);
    const values = await store.get(Array.from({ length: 20 }, (_, i) => `k${i}`));
    expect(values.every((each) => each === null || each.bytes.equals(value))).toBe(true);
    expect(values.filter((each) => each !== null).length).toBeGreaterThan(5);
  });

  it('does not grow while a process is stopped that reads, and goes on when it is gone', async () => {
    const path = newFolder();
    const store = await opened(path, { limitBytes: 8 * MIB });
    const child = started(path);
    await child.stopReading('a');
    const write = async (i: number) => {
      try {
        return await store.set(`k${i % 20}`, Buffer.alloc(100_000), MINUTE);
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const outcomes = new Set<boolean | string>();
    for (let i = 0; i < 400; i++) outcomes.add(await write(i));
    expect(fileSize(path)).toBeLessThan(10 * MIB);
    expect([...outcomes]).toEqual([true, 'ERR_STORE_UNWRITABLE']);
    await child.kill('SIGKILL');
    await expect.poll(() => write(1), { timeout: 10_000 }).toBe(true);
  });
});
