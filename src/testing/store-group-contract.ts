import assert from 'node:assert/strict';
import { markOf } from '../store/mark.ts';
import type { Lease } from '../store/store.ts';
import { type ContractCase, contractCase, MINUTE, membersOf, textsOf } from './contract-case.ts';

/** What every store must do with groups: fences, leases, tags, drops. */
export const groupContract: readonly ContractCase[] = [
  contractCase('writes while the fence of its fill stands', async ({ store, slotKey }) => {
    const base = slotKey('a');
    const { fence, lease } = await store.begin(base);
    assert.equal(lease, null);
    assert.equal(await store.set(base, VALUE, MINUTE, { group: base, fence }), true);
    assert.deepEqual(await textsOf(store, [base]), [TEXT]);
  }),

  contractCase('writes nothing that was begun before its group was dropped', async ({ store, slotKey }) => {
    const base = slotKey('a');
    const { fence } = await store.begin(base);
    await store.drop([base]);
    assert.equal(await store.set(base, VALUE, MINUTE, { group: base, fence }), false);
    const later = await store.begin(base);
    assert.equal(await store.set(base, VALUE, MINUTE, { group: base, fence }), false);
    assert.equal(await store.set(base, VALUE, MINUTE, { group: base, fence: later.fence }), true);
  }),

  contractCase('keeps apart the fences of groups in one slot', async ({ store, slotKey }) => {
    const [one, other] = [slotKey('s', ':one'), slotKey('s', ':other')];
    const { fence } = await store.begin(one);
    await store.begin(other);
    await store.drop([other]);
    assert.equal(await store.set(one, VALUE, MINUTE, { group: one, fence }), true);
  }),

  contractCase('lets several fill a group at once, all or none of them', async ({ store, slotKey }) => {
    const [base, variant] = [slotKey('a'), slotKey('a', ':v')];
    const [first, second] = [await store.begin(base), await store.begin(base)];
    assert.equal(await store.set(base, VALUE, MINUTE, { group: base, fence: first.fence }), true);
    assert.equal(await store.set(variant, VALUE, MINUTE, { group: base, fence: second.fence }), true);
    await store.drop([base]);
    for (const { fence } of [first, second]) {
      assert.equal(await store.set(variant, VALUE, MINUTE, { group: base, fence }), false);
    }
  }),

  contractCase('fills a group whose key has no hash tag', async ({ store, key }) => {
    const base = key('verdict');
    const { fence, lease } = await store.begin(base, leaseOf('a'));
    assert.equal(lease?.kind, 'held');
    assert.equal(await store.set(base, Buffer.from('true'), MINUTE, { group: base, fence }), true);
    await store.drop([base]);
    assert.deepEqual(await store.get([base]), [null]);
    assert.equal(await store.set(base, Buffer.from('true'), MINUTE, { group: base, fence }), false);
  }),

  contractCase(
    'drops all of a group and nothing beside it, and counts what held something',
    async (context) => {
      const { store, slotKey } = context;
      const [base, variant, piece] = [slotKey('a'), slotKey('a', ':v'), slotKey('a', ':p')];
      const [neighbour, other, empty] = [slotKey('a', ':not'), slotKey('b'), slotKey('c')];
      for (const each of [base, variant, piece]) await store.set(each, VALUE, MINUTE, { group: base });
      await store.set(neighbour, VALUE, MINUTE);
      await store.set(other, VALUE, MINUTE, { group: other });
      assert.equal(await store.drop([base, empty]), 1);
      assert.deepEqual(await textsOf(store, [base, variant, piece]), [null, null, null]);
      assert.deepEqual(await textsOf(store, [neighbour, other]), [TEXT, TEXT]);
      assert.equal(await store.drop([base]), 0);
      assert.equal(await store.drop([]), 0);
    },
  ),

  contractCase(
    'drops what a group has beside its base, and goes on after that',
    async ({ store, slotKey }) => {
      const [base, variant] = [slotKey('a'), slotKey('a', ':v')];
      await store.set(variant, VALUE, MINUTE, { group: base });
      assert.equal(await store.drop([base]), 1);
      assert.deepEqual(await store.get([variant]), [null]);
      await store.set(variant, VALUE, MINUTE, { group: base });
      assert.deepEqual(await textsOf(store, [variant]), [TEXT]);
      assert.equal(await store.drop([base]), 1);
    },
  ),

  contractCase('marks all of a group when it is dropped softly', async ({ store, slotKey }) => {
    const [base, variant, short] = [slotKey('a'), slotKey('a', ':v'), slotKey('a', ':s')];
    const { fence } = await store.begin(base);
    await store.set(base, VALUE, MINUTE, { group: base, fence });
    await store.set(variant, VALUE, MINUTE, { group: base, fence });
    await store.set(short, Buffer.from('short'), MINUTE, { group: base, fence });
    assert.equal(await store.drop([base], { markedAt: MARKED_AT }), 1);
    const values = await store.get([base, variant]);
    for (const value of values) {
      assert.ok(value !== null);
      assert.equal(markOf(value.bytes), MARKED_AT);
      assert.equal(value.bytes.toString('latin1', 9), TEXT.slice(9));
      assert.equal(value.bytes.toString('latin1', 0, 3), TEXT.slice(0, 3));
      assert.ok(value.expiresInMs <= MINUTE);
    }
    assert.deepEqual(await store.get([short]), [null]);
    assert.equal(await store.set(base, VALUE, MINUTE, { group: base, fence }), false);
  }),

  contractCase('gives a lease to one at a time', async ({ store, slotKey }) => {
    const base = slotKey('a');
    assert.equal((await store.begin(base, leaseOf('one'))).lease?.kind, 'held');
    assert.equal((await store.begin(base, leaseOf('one'))).lease?.kind, 'held');
    const { lease } = await store.begin(base, leaseOf('two'));
    assert.ok(lease?.kind === 'taken' && lease.leftMs > 0 && lease.leftMs <= MINUTE);
    const other = await store.begin(base, { ...leaseOf('two'), name: 'other' });
    assert.equal(other.lease?.kind, 'held');
    await store.end(base, leaseOf('two'));
    assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'taken');
    await store.end(base, leaseOf('one'));
    assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'held');
  }),

  contractCase('gives a lease to exactly one of many at once', async ({ store, slotKey }) => {
    const base = slotKey('a');
    const begun = await Promise.all(
      Array.from({ length: 30 }, async (_, i) => store.begin(base, leaseOf(`holder-${i}`))),
    );
    assert.equal(begun.filter(({ lease }) => lease?.kind === 'held').length, 1);
  }),

  contractCase(
    'frees a lease that runs out, and keeps one that is renewed',
    async ({ store, slotKey, advance }) => {
      const base = slotKey('a');
      const brief = { ...leaseOf('one'), ttlMs: 300 };
      await store.begin(base, brief);
      assert.equal(await store.renew(base, { ...brief, ttlMs: MINUTE }), true);
      await advance(301);
      assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'taken');
      assert.equal(await store.renew(base, brief), true);
      await advance(301);
      assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'held');
      assert.equal(await store.renew(base, brief), false);
    },
  ),

  contractCase('writes by a fence whose lease ran out, as long as nothing was dropped', async (context) => {
    const { store, slotKey, advance } = context;
    const base = slotKey('a');
    const { fence } = await store.begin(base, { ...leaseOf('one'), ttlMs: 50 });
    await advance(51);
    await store.begin(base, leaseOf('two'));
    assert.equal(await store.set(base, VALUE, MINUTE, { group: base, fence }), true);
  }),

  contractCase('bars a lease that was ended so', async ({ store, slotKey, advance }) => {
    const base = slotKey('a');
    await store.begin(base, leaseOf('one'));
    await store.end(base, leaseOf('one'), 300);
    const { lease } = await store.begin(base, leaseOf('two'));
    assert.ok(lease?.kind === 'barred' && lease.leftMs > 0 && lease.leftMs <= 300);
    await advance(301);
    assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'held');
  }),

  contractCase('frees leases and bars when the group is dropped', async ({ store, slotKey }) => {
    const base = slotKey('a');
    await store.begin(base, leaseOf('one'));
    await store.drop([base]);
    assert.equal(await store.renew(base, leaseOf('one')), false);
    assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'held');
    await store.end(base, leaseOf('two'), MINUTE);
    await store.drop([base]);
    assert.equal((await store.begin(base, leaseOf('three'))).lease?.kind, 'held');
  }),

  contractCase('wakes who waits for a lease, or lets him look again in time', async ({ store, slotKey }) => {
    const base = slotKey('a');
    await store.begin(base, leaseOf('one'));
    const { lease } = await store.begin(base, leaseOf('two'));
    assert.ok(lease?.kind === 'taken');
    const changed = lease.changed(5_000);
    await store.end(base, leaseOf('one'));
    await changed;
    const again = await store.begin(base, leaseOf('three'));
    assert.equal(again.lease?.kind, 'held');
    const { lease: waiting } = await store.begin(base, leaseOf('two'));
    assert.ok(waiting?.kind === 'taken');
    await waiting.changed(20);
  }),

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

  contractCase('tells listeners what was dropped here, until they leave', async ({ store, slotKey }) => {
    const [base, tagged, tag] = [slotKey('1'), slotKey('2'), slotKey('tag')];
    const dropped: string[] = [];
    const leave = store.listen({ dropped: (each) => void dropped.push(each) });
    await store.set(tagged, VALUE, MINUTE, { group: tagged, tags: [tag] });
    await store.drop([base]);
    await store.dropTagged([tag]);
    assert.deepEqual([...new Set(dropped)].sort(), [base, tagged].sort());
    leave();
    dropped.length = 0;
    await store.drop([base]);
    assert.deepEqual(dropped, []);
  }),

  contractCase('tells listeners that something was dropped by a tag, whatever has it', async (context) => {
    const { store, slotKey } = context;
    const told: string[] = [];
    const leave = store.listen({ tagDropped: () => void told.push('told') });
    await store.dropTagged([slotKey('nobody-has-it')]);
    leave();
    assert.ok(told.length > 0);
  }),

  contractCase('confirms that what was dropped is answered no more', async ({ store, slotKey }) => {
    const base = slotKey('a');
    await store.set(base, VALUE, MINUTE, { group: base });
    await store.drop([base]);
    await store.confirmed();
    assert.deepEqual(await store.get([base]), [null]);
  }),
];

// Room for a mark, and something before and after it.
const TEXT = 'abc\0\0\0\0\0\0body';
const VALUE = Buffer.from(TEXT, 'latin1');
const MARKED_AT = 1_790_000_000_123;

function leaseOf(holder: string): Lease {
  return { name: 'fill', holder, ttlMs: MINUTE };
}
