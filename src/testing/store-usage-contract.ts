import assert from 'node:assert/strict';
import type { GroupUsage } from '../store/store.ts';
import { type ContractCase, type ContractContext, contractCase, MINUTE } from './contract-case.ts';

/** What every store must tell of what it holds. */
export const usageContract: readonly ContractCase[] = [
  contractCase('knows that there is nothing', async ({ store, slotKey }) => {
    const { entries, sample, limitBytes } = await store.usage([slotKey('t'), slotKey('u')], 10);
    assert.deepEqual([entries, sample], [0, []]);
    assert.ok(limitBytes === null || limitBytes > 0);
    assert.equal((await store.usage([], 10)).entries, 0);
  }),

  contractCase('tells of every group with one of the tags, and of no other key', async (context) => {
    const { store, slotKey, key } = context;
    const [tag, other] = [slotKey('t'), slotKey('u')];
    const ttls = [MINUTE, 3 * MINUTE, 5 * MINUTE];
    await put(context, [slotKey('a')], tag, ttls[0]!);
    await put(context, [slotKey('b')], other, ttls[1]!);
    await put(context, [key('verdict')], other, ttls[2]!);
    await put(context, [slotKey('c')], slotKey('v'), MINUTE);
    await store.set(slotKey('d'), VALUE, MINUTE);
    const { entries, sample } = await store.usage([tag, other], 3);
    assert.equal(entries, 3);
    assertLeft(sample, ttls);
    for (const { bytes } of sample) assert.ok(bytes >= VALUE.length && bytes < 10 * VALUE.length, `${bytes}`);
  }),

  contractCase('takes a group for as long as the longest of its values', async (context) => {
    const { store, slotKey } = context;
    const [base, beside, tag] = [slotKey('a'), slotKey('a', ':v'), slotKey('t')];
    await put(context, [base, beside], tag, MINUTE);
    await store.set(beside, VALUE, 4 * MINUTE, { group: base });
    assertLeft((await store.usage([tag], 10)).sample, [4 * MINUTE]);
    await store.delete([beside]);
    assertLeft((await store.usage([tag], 10)).sample, [MINUTE]);
  }),

  contractCase('counts all that a group has, however much', async (context) => {
    const { store, slotKey } = context;
    const tags = [slotKey('t'), slotKey('u')];
    for (const [i, size] of [50, 200].entries()) {
      const keys = Array.from({ length: size }, (_, at) => slotKey(`a${i}`, at === 0 ? '' : `:${at}`));
      await put(context, keys, tags[i]!, MINUTE);
    }
    const [few, many] = [await store.usage([tags[0]!], 10), await store.usage([tags[1]!], 10)];
    const ratio = many.sample[0]!.bytes / few.sample[0]!.bytes;
    assert.ok(few.sample[0]!.bytes >= 50 * VALUE.length && ratio > 3 && ratio < 6, `${ratio}`);
  }),

  contractCase('leaves out what was dropped, deleted, or has expired', async (context) => {
    const { store, slotKey, advance } = context;
    const tag = slotKey('t');
    const bases = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => slotKey(name));
    for (const base of bases.slice(0, 5)) await put(context, [base], tag, MINUTE);
    await put(context, [bases[5]!], tag, BRIEF_MS);
    await store.drop([bases[0]!]);
    await store.delete([bases[1]!]);
    await advance(BRIEF_MS + 1);
    const { entries, sample } = await store.usage([tag], 10);
    assert.deepEqual([entries, sample.length], [3, 3]);
    await store.dropTagged([tag]);
    assert.deepEqual((await store.usage([tag], 10)).sample, []);
  }),

  contractCase('knows a group anew that was dropped and came back', async (context) => {
    const { store, slotKey } = context;
    const [tag, bases] = [slotKey('t'), ['a', 'b', 'c'].map((name) => slotKey(name))];
    for (let round = 0; round < 3; round += 1) {
      for (const base of bases) await put(context, [base], tag, MINUTE);
      assert.equal((await store.usage([tag], 10)).entries, 3);
      assert.equal(await store.dropTagged([tag]), 3);
      assert.equal((await store.usage([tag], 10)).entries, 0);
    }
  }),

  contractCase('counts a group as often as it has one of the tags', async ({ store, slotKey }) => {
    const [base, tags] = [slotKey('a'), [slotKey('t'), slotKey('u')]];
    await store.set(base, VALUE, MINUTE, { group: base, tags });
    assertLeft((await store.usage(tags, 10)).sample, [MINUTE, MINUTE]);
  }),

  contractCase('takes a sample in which each group is as likely as any other', async (context) => {
    const { store, slotKey } = context;
    // Unequal tags; TTLs that grow from group to group; one in ten is large.
    const tags = [slotKey('t'), slotKey('u'), slotKey('v')];
    const tagOf = (i: number) => tags[i < 50 ? 0 : i < 500 ? 1 : 2]!;
    const isLarge = (i: number) => i % 10 === 0;
    const puts = Array.from({ length: GROUPS }, async (_, i) => {
      const base = slotKey(`a${i}`);
      const options = { group: base, tags: [tagOf(i)] };
      await store.set(base, isLarge(i) ? LARGE : VALUE, MINUTE + i * 270, options);
    });
    await Promise.all(puts);
    const { entries, sample } = await store.usage(tags, SAMPLE);
    assert.equal(entries, GROUPS);
    assert.equal(sample.length, SAMPLE);
    // Seven standard deviations to either side.
    const mean = sample.reduce((sum, { expiresInMs }) => sum + expiresInMs, 0) / SAMPLE / MINUTE;
    assert.ok(mean > 4.4 && mean < 6.6, `${mean} minutes`);
    const large = sample.filter(({ bytes }) => bytes > LARGE.length).length / SAMPLE;
    assert.ok(large > 0 && large < 0.21, `${large} are large`);
  }),
];

const VALUE = Buffer.alloc(100, 'x');
const LARGE = Buffer.alloc(10_000, 'y');
const GROUPS = 2_000;
const SAMPLE = 400;
// Longer than a busy machine takes from a write to the next.
const BRIEF_MS = 800;
/** And this, from the first write to the last look. */
const SLACK_MS = 30_000;

/** Writes a group: its base, and what lies beside it. */
async function put(
  { store }: ContractContext,
  [base, ...beside]: readonly string[],
  tag: string,
  ttlMs: number,
): Promise<void> {
  await store.set(base!, VALUE, ttlMs, { group: base!, tags: [tag] });
  for (const key of beside) await store.set(key, VALUE, ttlMs, { group: base! });
}

function assertLeft(sample: readonly GroupUsage[], ttls: readonly number[]): void {
  const left = sample.map(({ expiresInMs }) => expiresInMs).sort((a, b) => a - b);
  assert.equal(left.length, ttls.length);
  for (const [i, ms] of left.entries()) {
    assert.ok(ms <= ttls[i]! && ms > ttls[i]! - SLACK_MS, `${ms} of ${ttls[i]}`);
  }
}
