import assert from 'node:assert/strict';
import { markOf } from '../store/mark.ts';
import { MAX_VALUE_BYTES } from '../store/store.ts';
import {
  assertRejects,
  type ContractCase,
  contractCase,
  MINUTE,
  membersOf,
  textsOf,
} from './contract-case.ts';

/** What every store must do when a value is replaced. */
export const replaceContract: readonly ContractCase[] = [
  contractCase('replaces a value only while it is the expected one', async ({ store, key, advance }) => {
    await store.set(key('a'), Buffer.from('one'), MINUTE);
    assert.equal(await store.replace(key('a'), Buffer.from('two'), Buffer.from('three'), MINUTE), false);
    assert.equal(await store.replace(key('a'), Buffer.from('one'), Buffer.from('two'), MINUTE), true);
    assert.equal((await store.get([key('a')]))[0]?.bytes.toString(), 'two');
    assert.equal(await store.replace(key('a'), Buffer.from('two'), Buffer.from('two'), 400), true);
    await advance(401);
    assert.equal(await store.replace(key('a'), Buffer.from('two'), Buffer.from('three'), MINUTE), false);
    assert.equal(await store.replace(key('absent'), Buffer.alloc(0), Buffer.from('three'), MINUTE), false);
    assert.deepEqual(await store.get([key('a'), key('absent')]), [null, null]);
  }),

  contractCase('lets one of many replace a value at once', async ({ store, key }) => {
    await store.set(key('a'), Buffer.from([0, 255]), MINUTE);
    const writers = Array.from({ length: 20 }, async (_, i) =>
      store.replace(key('a'), Buffer.from([0, 255]), Buffer.from([1, i]), MINUTE),
    );
    assert.equal((await Promise.all(writers)).filter((written) => written).length, 1);
  }),

  contractCase('refuses a replacement over the bound, and keeps what is there', async ({ store, key }) => {
    await store.set(key('a'), ONE, MINUTE);
    const tooLarge = Buffer.alloc(MAX_VALUE_BYTES + 1);
    await assertRejects(() => store.replace(key('a'), ONE, tooLarge, MINUTE), 'ERR_STORE_VALUE_TOO_LARGE');
    assert.deepEqual(await textsOf(store, [key('a')]), [ONE.toString()]);
  }),

  contractCase('leaves what is replaced in its group', async ({ store, slotKey }) => {
    const [base, beside, tag] = [slotKey('a'), slotKey('a', ':v'), slotKey('tag')];
    await store.set(base, ONE, MINUTE, { group: base, tags: [tag] });
    await store.set(beside, ONE, MINUTE, { group: base });
    for (const key of [base, beside]) assert.equal(await store.replace(key, ONE, TWO, MINUTE), true);
    assert.deepEqual(await membersOf(store, tag), [base]);
    assert.equal(await store.drop([base], { markedAt: MARKED_AT }), 1);
    for (const value of await store.get([base, beside])) assert.equal(markOf(value!.bytes), MARKED_AT);
    assert.equal(await store.dropTagged([tag]), 1);
    assert.deepEqual(await store.get([base, beside]), [null, null]);
  }),

  contractCase('finds a group by its tags for as long as its replacement lasts', async (context) => {
    const { store, slotKey, advance } = context;
    const [base, other, tag] = [slotKey('a'), slotKey('b'), slotKey('tag')];
    const options = { group: base, tags: [tag] };
    await store.set(other, ONE, BRIEF_MS, { group: other, tags: [tag] });
    await store.set(base, ONE, BRIEF_MS, options);
    assert.equal(await store.replace(base, ONE, TWO, MINUTE, options), true);
    await advance(BRIEF_MS + 1);
    assert.ok((await membersOf(store, tag)).includes(base));
    assert.equal(await store.dropTagged([tag]), 1);
    assert.deepEqual(await store.get([base]), [null]);
  }),

  contractCase('finds what lies beside a base for as long as its replacement lasts', async (context) => {
    const { store, slotKey, advance } = context;
    const [base, beside] = [slotKey('a'), slotKey('a', ':v')];
    await store.set(beside, ONE, BRIEF_MS, { group: base });
    assert.equal(await store.replace(beside, ONE, TWO, MINUTE, { group: base }), true);
    await advance(BRIEF_MS + 1);
    assert.equal(await store.drop([base]), 1);
    assert.deepEqual(await store.get([beside]), [null]);
  }),

  contractCase('never shortens how long other values of a group are found', async (context) => {
    const { store, slotKey, advance } = context;
    const [base, beside, tag] = [slotKey('a'), slotKey('a', ':v'), slotKey('tag')];
    const options = { group: base, tags: [tag] };
    await store.set(base, ONE, MINUTE, options);
    await store.set(beside, ONE, MINUTE, options);
    assert.equal(await store.replace(base, ONE, TWO, 300, options), true);
    await advance(301);
    assert.deepEqual(await membersOf(store, tag), [base]);
    assert.equal(await store.dropTagged([tag]), 1);
    assert.deepEqual(await store.get([beside]), [null]);
  }),

  contractCase('puts a replacement in a group, under its tags', async ({ store, slotKey }) => {
    const [base, tag, later] = [slotKey('a'), slotKey('tag'), slotKey('later')];
    await store.set(base, ONE, MINUTE);
    assert.equal(await store.replace(base, ONE, TWO, MINUTE, { group: base, tags: [tag] }), true);
    assert.deepEqual(await membersOf(store, tag), [base]);
    const options = { group: base, tags: [tag, later] };
    assert.equal(await store.replace(base, TWO, ONE, MINUTE, options), true);
    assert.equal(await store.dropTagged([later, tag]), 1);
    assert.deepEqual(await store.get([base]), [null]);
  }),

  contractCase('brings nothing back that was dropped or changed', async ({ store, slotKey }) => {
    const [base, tag] = [slotKey('a'), slotKey('tag')];
    const options = { group: base, tags: [tag] };
    await store.set(base, ONE, MINUTE, options);
    assert.equal(await store.replace(base, TWO, ONE, MINUTE, options), false);
    assert.deepEqual(await textsOf(store, [base]), [ONE.toString()]);
    await store.drop([base]);
    assert.equal(await store.replace(base, ONE, TWO, MINUTE, options), false);
    assert.deepEqual(await store.get([base]), [null]);
    assert.equal(await store.dropTagged([tag]), 0);
  }),

  contractCase('replaces bytes and text by each other', async ({ store, slotKey }) => {
    const base = slotKey('a');
    const values = [
      ONE,
      Buffer.from([0, 255, 254]),
      Buffer.from('x'),
      Buffer.alloc(0),
      TWO,
      Buffer.from([128]),
    ];
    await store.set(base, ONE, MINUTE, { group: base });
    for (const options of [{ group: base }, {}]) {
      for (const [at, next] of [...values.slice(1), ONE].entries()) {
        assert.equal(await store.replace(base, values[at]!, next, MINUTE, options), true);
        const [value] = await store.get([base]);
        assert.ok(value?.bytes.equals(next));
      }
    }
  }),
];

const ONE = Buffer.from('the first value');
const TWO = Buffer.from('the second value');
// Longer than a busy machine takes from a write to the next.
const BRIEF_MS = 800;
const MARKED_AT = 1_790_000_000_123;
