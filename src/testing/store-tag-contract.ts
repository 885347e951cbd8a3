import assert from 'node:assert/strict';
import { markOf } from '../store/mark.ts';
import { type ContractCase, contractCase, MINUTE, membersOf, textsOf } from './contract-case.ts';

/** What every store must do with the tags of groups. */
export const tagContract: readonly ContractCase[] = [
  contractCase('tells the groups that have a tag', async ({ store, slotKey }) => {
    const bases = Array.from({ length: 1_200 }, (_, i) => slotKey(`m${i}`));
    const [tag, none] = [slotKey('tag'), slotKey('none')];
    await Promise.all(bases.map((base) => store.set(base, VALUE, MINUTE, { group: base, tags: [tag] })));
    assert.deepEqual(await membersOf(store, tag), [...bases].sort());
    assert.deepEqual(await membersOf(store, none), []);
  }),

  contractCase('drops the groups that have a tag, with all their values', async ({ store, slotKey }) => {
    const [one, variant, two, three] = [slotKey('1'), slotKey('1', ':v'), slotKey('2'), slotKey('3')];
    const [news, sport] = [slotKey('news'), slotKey('sport')];
    await store.set(one, VALUE, MINUTE, { group: one });
    await store.set(variant, VALUE, MINUTE, { group: one, tags: [news] });
    await store.set(two, VALUE, MINUTE, { group: two, tags: [sport, news] });
    await store.set(three, VALUE, MINUTE, { group: three, tags: [sport] });
    assert.equal(await store.dropTagged([news]), 2);
    assert.deepEqual(await textsOf(store, [one, variant, two, three]), [null, null, null, TEXT]);
    assert.equal(await store.dropTagged([news]), 0);
    assert.equal(await store.dropTagged([]), 0);
  }),

  contractCase('drops only what has all of several tags', async ({ store, slotKey }) => {
    const [one, two, three] = [slotKey('1'), slotKey('2'), slotKey('3')];
    const [a, b, c] = [slotKey('a'), slotKey('b'), slotKey('c')];
    await store.set(one, VALUE, MINUTE, { group: one, tags: [a, b] });
    await store.set(two, VALUE, MINUTE, { group: two, tags: [a] });
    await store.set(three, VALUE, MINUTE, { group: three, tags: [b, c, a] });
    assert.equal(await store.dropTagged([a, b, c]), 1);
    assert.deepEqual(await textsOf(store, [one, two, three]), [TEXT, TEXT, null]);
    assert.equal(await store.dropTagged([b, a]), 1);
    assert.deepEqual(await textsOf(store, [one, two]), [null, TEXT]);
  }),

  contractCase('drops a thousand groups by their tag', async ({ store, slotKey }) => {
    const bases = Array.from({ length: 1_100 }, (_, i) => slotKey(`m${i}`));
    const tag = slotKey('tag');
    await Promise.all(bases.map((base) => store.set(base, VALUE, MINUTE, { group: base, tags: [tag] })));
    assert.equal(await store.dropTagged([tag]), 1_100);
    assert.ok((await store.get(bases)).every((value) => value === null));
    assert.deepEqual(await membersOf(store, tag), []);
  }),

  contractCase('marks by a tag', async ({ store, slotKey }) => {
    const [base, tag] = [slotKey('1'), slotKey('tag')];
    await store.set(base, VALUE, MINUTE, { group: base, tags: [tag] });
    assert.equal(await store.dropTagged([tag], { markedAt: MARKED_AT }), 1);
    const [value] = await store.get([base]);
    assert.equal(markOf(value!.bytes), MARKED_AT);
    assert.equal(await store.dropTagged([tag]), 1);
    assert.deepEqual(await store.get([base]), [null]);
  }),

  contractCase(
    'writes nothing that was begun before one of its tags was dropped',
    async ({ store, slotKey }) => {
      const [base, other] = [slotKey('1'), slotKey('2')];
      const [tag, quiet] = [slotKey('tag'), slotKey('quiet')];
      const [begun, elsewhere] = [await store.begin(base), await store.begin(other)];
      await store.dropTagged([tag]);
      const later = await store.begin(slotKey('3'));
      const options = { group: base, fence: begun.fence, tags: [quiet, tag] };
      assert.equal(await store.set(base, VALUE, MINUTE, options), false);
      assert.deepEqual(await store.get([base]), [null]);
      const untouched = { group: other, fence: elsewhere.fence, tags: [quiet] };
      assert.equal(await store.set(other, VALUE, MINUTE, untouched), true);
      const base3 = slotKey('3');
      assert.equal(
        await store.set(base3, VALUE, MINUTE, { group: base3, fence: later.fence, tags: [tag] }),
        true,
      );
    },
  ),
];

// Room for a mark, and something before and after it.
const TEXT = 'abc\0\0\0\0\0\0body';
const VALUE = Buffer.from(TEXT, 'latin1');
const MARKED_AT = 1_790_000_000_123;
