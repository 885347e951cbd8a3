import assert from 'node:assert/strict';
import { markOf } from '../store/mark.ts';
import type { Lease } from '../store/store.ts';
import { type ContractCase, contractCase, MINUTE, membersOf, textsOf } from './contract-case.ts';

/** What every store must do with groups: fences, leases, drops. */
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

  contractCase('ends a lease with a write, and with none that is refused', async (context) => {
    const { store, slotKey, key } = context;
    for (const base of [slotKey('a'), key('verdict')]) {
      const endLease = leaseOf('one');
      const { fence } = await store.begin(base, endLease);
      const options = { group: base, fence, endLease };
      await store.set(base, VALUE, MINUTE, { group: base });
      assert.equal(await store.set(base, VALUE, MINUTE, { ...options, onlyIfAbsent: true }), false);
      assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'taken');
      assert.equal(await store.set(base, VALUE, MINUTE, options), true);
      assert.equal(await store.renew(base, endLease), false);
      assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'held');
      // By another's name it ends nothing.
      await store.set(base, VALUE, MINUTE, { group: base, endLease });
      assert.equal((await store.begin(base, leaseOf('three'))).lease?.kind, 'taken');
      await store.set(base, VALUE, MINUTE, { group: base, endLease: leaseOf('two') });
      assert.equal((await store.begin(base, leaseOf('three'))).lease?.kind, 'held');
    }
  }),

  contractCase('ends a lease with the write of a variant and its tags', async ({ store, slotKey }) => {
    const [base, variant, tag] = [slotKey('a'), slotKey('a', ':v'), slotKey('tag')];
    const { fence } = await store.begin(base, leaseOf('one'));
    const options = { group: base, fence, tags: [tag], endLease: leaseOf('one') };
    assert.equal(await store.set(variant, VALUE, MINUTE, options), true);
    assert.deepEqual(await membersOf(store, tag), [base]);
    assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'held');
  }),

  contractCase('wakes who waits for a lease that ends with a write', async ({ store, slotKey }) => {
    const base = slotKey('a');
    const { fence } = await store.begin(base, leaseOf('one'));
    const { lease } = await store.begin(base, leaseOf('two'));
    assert.ok(lease?.kind === 'taken');
    const changed = lease.changed(5_000);
    await store.set(base, VALUE, MINUTE, { group: base, fence, endLease: leaseOf('one') });
    await changed;
    assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'held');
  }),

  contractCase('shows who has begun what is there by then', async ({ store, slotKey }) => {
    const [base, tag] = [slotKey('a'), slotKey('tag')];
    await store.begin(base, leaseOf('one'));
    assert.deepEqual(await store.get([base]), [null]);
    await store.begin(base, leaseOf('one'));
    await store.set(base, VALUE, MINUTE, { group: base });
    assert.deepEqual(await textsOf(store, [base]), [TEXT]);
    await store.begin(base, leaseOf('one'));
    assert.deepEqual(await textsOf(store, [base]), [TEXT]);
    await Promise.all([store.begin(base, leaseOf('one')), store.drop([base])]);
    assert.deepEqual(await store.get([base]), [null]);
    await Promise.all([store.begin(base), store.set(base, VALUE, MINUTE, { group: base, tags: [tag] })]);
    assert.deepEqual(await textsOf(store, [base]), [TEXT]);
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
      const brief = { ...leaseOf('one'), ttlMs: 1_000 };
      await store.begin(base, brief);
      assert.equal(await store.renew(base, { ...brief, ttlMs: MINUTE }), true);
      await advance(1_001);
      assert.equal((await store.begin(base, leaseOf('two'))).lease?.kind, 'taken');
      assert.equal(await store.renew(base, brief), true);
      await advance(1_001);
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
    await store.end(base, leaseOf('one'), 1_000);
    const { lease } = await store.begin(base, leaseOf('two'));
    assert.ok(lease?.kind === 'barred' && lease.leftMs > 0 && lease.leftMs <= 1_000);
    await advance(1_001);
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
