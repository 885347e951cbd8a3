import assert from 'node:assert/strict';
import type { CountBatch, Store } from '../store/store.ts';
import { assertRejects, type ContractCase, contractCase, MINUTE } from './contract-case.ts';

/** What every store must do with counters. */
export const countContract: readonly ContractCase[] = [
  contractCase('counts nothing where nothing was added', async ({ store, key }) => {
    assert.deepEqual(await store.counters([key('a'), key('b')]), [new Map(), new Map()]);
    assert.deepEqual(await store.counters([]), []);
  }),

  contractCase('adds up, each key and each counter by itself', async ({ store, key }) => {
    await store.add(key('a'), batch('p', 1, { hits: 3, misses: 1 }), MINUTE);
    await store.add(key('a'), batch('p', 2, { hits: 4 }), MINUTE);
    await store.add(key('b'), batch('p', 1, { hits: 10 }), MINUTE);
    assert.deepEqual(await countsOf(store, [key('b'), key('absent'), key('a')]), [
      { hits: 10 },
      {},
      { hits: 7, misses: 1 },
    ]);
  }),

  contractCase('counts a batch once, however often it is sent', async ({ store, key }) => {
    const first = batch('p', 1, { hits: 3 });
    await Promise.all([1, 2, 3].map(async () => store.add(key('a'), first, MINUTE)));
    await store.add(key('a'), batch('p', 2, { hits: 4 }), MINUTE);
    await store.add(key('a'), first, MINUTE);
    await store.add(key('a'), batch('p', 2, { hits: 4 }), MINUTE);
    assert.deepEqual(await countsOf(store, [key('a')]), [{ hits: 7 }]);
    await store.add(key('a'), batch('p', 5, { hits: 1 }), MINUTE);
    assert.deepEqual(await countsOf(store, [key('a')]), [{ hits: 8 }]);
  }),

  contractCase('counts what many sources send at once', async ({ store, slotKey }) => {
    const key = slotKey('a');
    const sources = Array.from({ length: 20 }, (_, i) => `process {${i}}:1`);
    await Promise.all(
      sources.flatMap((source) => [
        store.add(key, batch(source, 1, { hits: 1, [source]: 2 }), MINUTE),
        store.add(key, batch(source, 1, { hits: 1, [source]: 2 }), MINUTE),
      ]),
    );
    const [counts] = await store.counters([key]);
    assert.equal(counts?.get('hits'), 20);
    for (const source of sources) assert.equal(counts.get(source), 2);
  }),

  contractCase('counts exactly up to the largest whole number', async ({ store, key }) => {
    await store.add(key('a'), batch('p', 1, { n: Number.MAX_SAFE_INTEGER - 1 }), MINUTE);
    await store.add(key('a'), batch('p', 2, { n: 1 }), MINUTE);
    assert.deepEqual(await countsOf(store, [key('a')]), [{ n: Number.MAX_SAFE_INTEGER }]);
  }),

  contractCase('keeps counters of any names apart', async ({ store, key }) => {
    const names = ['é', 'e\u0301', 'a b', 'a\r\nb', '日本', '', '__proto__', '1', 'a:b', '-1'];
    const increments = new Map(names.map((name, i) => [name, i + 1]));
    await store.add(key('a'), { source: 'p', sequence: 1, increments }, MINUTE);
    const [counts] = await store.counters([key('a')]);
    assert.deepEqual(new Map([...counts!].sort()), new Map([...increments].sort()));
  }),

  contractCase('keeps counters for their time from the last batch on', async ({ store, key, advance }) => {
    await store.add(key('a'), batch('p', 1, { hits: 1 }), TTL_MS);
    await advance(TTL_MS * 0.6);
    await store.add(key('a'), batch('p', 2, { hits: 1 }), TTL_MS);
    await advance(TTL_MS * 0.6);
    assert.deepEqual(await countsOf(store, [key('a')]), [{ hits: 2 }]);
    await advance(TTL_MS);
    assert.deepEqual(await countsOf(store, [key('a')]), [{}]);
    await store.add(key('a'), batch('p', 2, { hits: 1 }), MINUTE);
    await store.add(key('a'), batch('p', 3, { hits: 5 }), MINUTE);
    assert.deepEqual(await countsOf(store, [key('a')]), [{ hits: 5 }]);
  }),

  contractCase('deletes counters', async ({ store, key }) => {
    await store.add(key('a'), batch('p', 1, { hits: 1 }), MINUTE);
    assert.equal(await store.delete([key('a')]), 1);
    assert.deepEqual(await countsOf(store, [key('a')]), [{}]);
  }),

  contractCase('counts no more after it was closed', async ({ store, key }) => {
    await store.close();
    await assertRejects(() => store.add(key('a'), batch('p', 1, { hits: 1 }), MINUTE), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.counters([key('a')]), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.usage([key('t')], 1), 'ERR_STORE_CLOSED');
  }),
];

// Less than half of it is more than a busy machine takes from one call to the next.
const TTL_MS = 2_500;

function batch(source: string, sequence: number, increments: Readonly<Record<string, number>>): CountBatch {
  return { source, sequence, increments: new Map(Object.entries(increments)) };
}

async function countsOf(store: Store, keys: readonly string[]): Promise<Record<string, number>[]> {
  return (await store.counters(keys)).map((counts) => Object.fromEntries([...counts].sort()));
}
