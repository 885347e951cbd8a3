import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../testing/manual-clock.ts';
import { storeContract } from '../../testing/store-contract.ts';
import { createMemoryCounters } from './memory-counters.ts';
import { createMemoryStore } from './memory-store.ts';

const MEBIBYTE = 1024 * 1024;

describe('memory store: the contract', () => {
  for (const { name, run } of storeContract) {
    it(name, () => {
      const clock = createManualClock();
      return run({
        create: () => createMemoryStore({ maxBytes: 80 * MEBIBYTE, clock }),
        advance: clock.advance,
      });
    });
  }
});

describe('createMemoryStore', () => {
  it('answers at once, with the same Buffer each time', () => {
    const store = createMemoryStore({ maxBytes: MEBIBYTE });
    store.set('a', Buffer.from('x'), 1000);
    const first = store.get(['a']) as { bytes: Buffer }[];
    const second = store.get(['a']) as { bytes: Buffer }[];
    expect(first[0]!.bytes).toBe(second[0]!.bytes);
  });

  it('stays within its bytes: the least recently used go', () => {
    const store = createMemoryStore({ maxBytes: 10 * 1024 });
    const value = Buffer.alloc(2000);
    for (const key of ['a', 'b', 'c']) store.set(key, value, 1000);
    store.get(['a']);
    for (const key of ['d', 'e']) store.set(key, value, 1000);
    const values = store.get(['a', 'b', 'c', 'd', 'e']) as (object | null)[];
    expect(values.map((found) => found !== null)).toEqual([true, false, true, true, true]);
  });

  it('lets others have their turn while it drops many', async () => {
    const store = createMemoryStore({ maxBytes: 10 * MEBIBYTE });
    const bases = Array.from({ length: 3_000 }, (_, i) => `a${i}`);
    for (const base of bases) store.set(base, Buffer.from('x'), 1000, { group: base, tags: ['t'] });
    const dropping = store.dropTagged(['t']);
    let left: number | undefined;
    setImmediate(() => {
      left = (store.get(bases) as (object | null)[]).filter((value) => value !== null).length;
    });
    expect(await dropping).toBe(3_000);
    expect(left).toBeGreaterThan(0);
    expect(store.get(bases)).toEqual(Array(3_000).fill(null));
  });

  it('waits for no lease from before the clock was set back', async () => {
    const clock = createManualClock();
    const store = createMemoryStore({ maxBytes: MEBIBYTE, clock });
    store.begin('a', { name: 'all', holder: 'one', ttlMs: 2_000 });
    clock.advance(-3_600_000);
    const begun = await store.begin('a', { name: 'all', holder: 'two', ttlMs: 2_000 });
    expect(begun.lease?.kind).toBe('held');
  });

  it('counts keys too, so that many empty values are bounded', () => {
    const store = createMemoryStore({ maxBytes: 100 * 1024 });
    const keys = Array.from({ length: 1000 }, (_, i) => `key-${i}`);
    for (const key of keys) store.set(key, Buffer.alloc(0), 1000);
    const kept = (store.get(keys) as (object | null)[]).filter((found) => found !== null);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(200);
  });

  it('refuses a value that is larger than all it may keep', () => {
    const store = createMemoryStore({ maxBytes: 1024 });
    expect(() => store.set('a', Buffer.alloc(2048), 1000)).toThrow(
      expect.objectContaining({
        code: 'ERR_STORE_VALUE_TOO_LARGE',
        message: expect.stringContaining('1024'),
      }),
    );
  });

  it('does not let values push out rate limits', () => {
    const store = createMemoryStore({ maxBytes: 2048 });
    const rules = [{ limit: 1, windowMs: 60_000 }];
    store.take('r', rules);
    for (let i = 0; i < 100; i++) store.set(`key-${i}`, Buffer.alloc(1000), 1000);
    expect(store.take('r', rules)).toMatchObject({ allowed: false });
  });

  it('does not let values push out counters, nor hold more counters than it may', () => {
    const store = createMemoryStore({ maxBytes: 2048 });
    store.add('c', { source: 'p', sequence: 1, increments: new Map([['hits', 3]]) }, 60_000);
    for (let i = 0; i < 100; i++) store.set(`key-${i}`, Buffer.alloc(1000), 1000);
    expect(store.counters(['c'])).toEqual([new Map([['hits', 3]])]);

    const counters = createMemoryCounters(100);
    for (let i = 0; i < 1_000; i++) {
      const increments = new Map([['hits', 1]]);
      counters.add(`c${i}`, { source: `p${i}`, sequence: 1, increments }, 60_000, 0);
    }
    const kept = Array.from({ length: 1_000 }, (_, i) => counters.read(`c${i}`, 0).size);
    expect(kept.reduce((sum, size) => sum + size, 0)).toBe(100);
  });

  it('tells what it holds without keeping that longer than what is asked for', () => {
    const store = createMemoryStore({ maxBytes: 10 * 1024 });
    const value = Buffer.alloc(2000);
    const put = (key: string) => store.set(key, value, 1000, { group: key, tags: ['t'] });
    for (const key of ['a', 'b', 'c']) put(key);
    store.get(['b', 'c']);
    expect(store.usage(['t'], 10)).toMatchObject({ entries: 3, limitBytes: 10 * 1024 });
    put('d');
    put('e');
    const values = store.get(['a', 'b', 'c', 'd', 'e']) as (object | null)[];
    expect(values.map((found) => found !== null)).toEqual([false, true, true, true, true]);
    expect(store.usage(['t'], 10)).toMatchObject({ entries: 4 });
  });

  it('keeps no larger buffer alive than the value', () => {
    const store = createMemoryStore({ maxBytes: MEBIBYTE });
    store.set('a', Buffer.alloc(65_536).subarray(0, 10), 1000);
    const [value] = store.get(['a']) as { bytes: Buffer }[];
    expect(value!.bytes.buffer.byteLength).toBe(10);
  });
});
