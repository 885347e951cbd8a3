import { describe, expect, it } from 'vitest';
import { createFaultyStore } from '../../testing/faulty-store.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { createMemoryStore } from '../memory/memory-store.ts';
import type { StoreListener } from '../store.ts';
import { createNearStore, type NearStore } from './near-store.ts';

const MINUTE = 60_000;
const ANSWER_AT_ONCE: (answer: unknown) => boolean = (answer) => !(answer instanceof Promise);

/** A near store on one that answers later; what others change is told when the test says so. */
function setUp({ maxBytes = 1_000_000, coherent = true } = {}) {
  const clock = createManualClock();
  const memory = createMemoryStore({ maxBytes: 10_000_000, clock });
  const faulty = createFaultyStore(memory);
  faulty.delay(0);
  let until: number | null = coherent ? Number.POSITIVE_INFINITY : null;
  let told: StoreListener = {};
  const near = createNearStore(
    {
      ...faulty,
      listen: (listener) => {
        told = listener;
        return () => {
          told = {};
        };
      },
      coherentUntil: () => until,
    },
    { maxBytes, maxAgeMs: 1_000, isNear: (key) => !key.startsWith('far'), now: clock.now },
  );
  return {
    clock,
    memory,
    near,
    faulty,
    calls: faulty.calls,
    told: () => told,
    relyUntil: (at: number | null) => {
      until = at;
    },
  };
}

const put = (store: { set: NearStore['set'] }, key: string, text: string, ttlMs = MINUTE) =>
  store.set(key, Buffer.from(text), ttlMs, { group: key });

async function textOf(near: NearStore, key = 'a'): Promise<string | undefined> {
  return (await near.get([key]))[0]?.bytes.toString();
}

describe('a near store', () => {
  it('asks once, then answers at once with the same Buffer and what is left of its time', async () => {
    const { near, memory, calls, clock } = setUp();
    put(memory, 'a', 'x', 5_000);
    const [first] = await near.get(['a']);
    clock.advance(1_500);
    const again = near.get(['a']);
    expect(again).toEqual([{ bytes: Buffer.from('x'), expiresInMs: 3_500 }]);
    expect((again as { bytes: Buffer }[])[0]!.bytes).toBe(first!.bytes);
    expect(calls.get).toBe(1);
  });

  it('asks for the keys alone that it has no copy of', async () => {
    const { near, memory, calls } = setUp();
    for (const key of ['a', 'b', 'c']) put(memory, key, key);
    await near.get(['b']);
    const all = await near.get(['a', 'b', 'none', 'c']);
    expect(all.map((value) => value?.bytes.toString())).toEqual(['a', 'b', undefined, 'c']);
    expect(near.get(['c', 'a'])).toSatisfy(ANSWER_AT_ONCE);
    expect(await near.get([])).toEqual([]);
    expect(calls.get).toBe(2);
  });

  it('keeps no copy of what is not there, or not to be kept', async () => {
    const { near, memory, calls } = setUp();
    put(memory, 'far', 'x');
    for (let i = 0; i < 2; i += 1) await near.get(['far']);
    for (let i = 0; i < 2; i += 1) await near.get(['none']);
    expect(calls.get).toBe(4);
  });

  it('forgets with the store', async () => {
    const { near, memory, clock } = setUp();
    put(memory, 'a', 'x', 1_000);
    await near.get(['a']);
    clock.advance(1_000);
    expect(await near.get(['a'])).toEqual([null]);
    expect(near.copies()).toMatchObject({ entries: 0, bytes: 0 });
  });

  it.each([
    ['a change of the key', (told: StoreListener) => told.changed?.('a')],
    ['a drop of its group', (told: StoreListener) => told.dropped?.('a')],
    ['a loss of changes', (told: StoreListener) => told.lost?.()],
  ])('asks again after %s', async (_, tell) => {
    const { near, memory, told } = setUp();
    put(memory, 'a', 'old');
    await near.get(['a']);
    put(memory, 'a', 'new');
    expect(await textOf(near)).toBe('old');
    tell(told());
    expect(await textOf(near)).toBe('new');
  });

  it.each([
    ['a change of the key', (told: StoreListener) => told.changed?.('a')],
    ['a loss of changes', (told: StoreListener) => told.lost?.()],
  ])('keeps nothing that was read before %s and comes after it', async (_, tell) => {
    const { near, memory, told } = setUp();
    put(memory, 'a', 'old');
    const late = near.get(['a']);
    tell(told());
    expect((await late)[0]?.bytes.toString()).toBe('old');
    put(memory, 'a', 'new');
    expect(await textOf(near)).toBe('new');
    expect(near.get(['a'])).toSatisfy(ANSWER_AT_ONCE);
  });

  it('keeps what was read after the change, though another read of it is late', async () => {
    const { near, memory, told } = setUp();
    put(memory, 'a', 'x');
    const late = near.get(['a']);
    told().changed?.('a');
    const timely = near.get(['a']);
    await Promise.all([late, timely]);
    expect(near.get(['a'])).toSatisfy(ANSWER_AT_ONCE);
  });

  it.each([
    ['set', (near: NearStore) => put(near, 'a', 'new')],
    ['replace', (near: NearStore) => near.replace('a', Buffer.from('old'), Buffer.from('new'), MINUTE)],
    ['delete', (near: NearStore) => near.delete(['a'])],
    ['drop', (near: NearStore) => near.drop(['a'])],
  ])('keeps nothing that is read while it carries out its own %s', async (_, change) => {
    const { near, memory } = setUp();
    put(memory, 'a', 'old');
    await near.get(['a']);
    const before = near.get(['a']);
    const changing = change(near);
    const during = near.get(['a']);
    await Promise.all([before, during, changing]);
    expect(await textOf(near)).not.toBe('old');
  });

  it('keeps nothing that is read before its own change is carried out, though the read is answered first', async () => {
    const { near, memory, faulty } = setUp();
    put(memory, 'a', 'old');
    faulty.hang();
    const changing = put(near, 'a', 'new');
    faulty.delay(0);
    expect(await textOf(near)).toBe('old');
    faulty.heal();
    await changing;
    expect(await textOf(near)).toBe('new');
  });

  it('keeps nothing of before its own change either when that failed: it may have been carried out', async () => {
    const { near, memory, faulty } = setUp();
    put(memory, 'a', 'old');
    await near.get(['a']);
    faulty.fail(new Error('lost'), ['set']);
    await expect(put(near, 'a', 'new')).rejects.toThrow('lost');
    put(memory, 'a', 'new');
    expect(await textOf(near)).toBe('new');
  });

  it('relies on a copy for as long as changes would have been told, and again once that is known', async () => {
    const { near, memory, calls, clock, relyUntil } = setUp();
    put(memory, 'a', 'x');
    await near.get(['a']);
    relyUntil(clock.now());
    await near.get(['a']);
    expect(calls.get).toBe(2);
    relyUntil(clock.now() + 1);
    expect(near.get(['a'])).toSatisfy(ANSWER_AT_ONCE);
  });

  it('keeps nothing that is read while changes would not be told', async () => {
    const { near, memory, clock, relyUntil } = setUp();
    put(memory, 'a', 'x');
    relyUntil(clock.now());
    await near.get(['a']);
    relyUntil(Number.POSITIVE_INFINITY);
    expect(near.copies().entries).toBe(0);
  });

  it('fails as the store does, and goes on after that', async () => {
    const { near, memory, faulty } = setUp();
    put(memory, 'a', 'x');
    faulty.fail(new Error('away'));
    await expect(near.get(['a'])).rejects.toThrow('away');
    await expect(near.get(['a', 'b'])).rejects.toThrow('away');
    faulty.heal();
    await near.get(['a']);
    expect(near.get(['a'])).toSatisfy(ANSWER_AT_ONCE);
  });
});

describe('a near store on one that tells nothing of others', () => {
  it('uses a copy for a short time', async () => {
    const { near, memory, clock } = setUp({ coherent: false });
    put(memory, 'a', 'old');
    await near.get(['a']);
    put(memory, 'a', 'new');
    clock.advance(999);
    expect(await textOf(near)).toBe('old');
    clock.advance(1);
    expect(await textOf(near)).toBe('new');
  });

  it('keeps nothing beyond its own drops, whose keys it does not know', async () => {
    const { near, memory } = setUp({ coherent: false });
    memory.set('a:v', Buffer.from('x'), MINUTE, { group: 'a' });
    await near.get(['a:v']);
    await near.drop(['a']);
    expect(await near.get(['a:v'])).toEqual([null]);
    memory.set('a:v', Buffer.from('x'), MINUTE, { group: 'a', tags: ['t'] });
    await near.get(['a:v']);
    await near.dropTagged(['t']);
    expect(await near.get(['a:v'])).toEqual([null]);
  });
});

it('ages a copy from when the store was asked for it, also if that was before', async () => {
  const clock = createManualClock();
  const memory = createMemoryStore({ maxBytes: 1_000_000, clock });
  const value = { bytes: Buffer.from('x'), expiresInMs: MINUTE, askedAt: clock.now() - 400 };
  const store = { ...memory, coherentUntil: () => null, get: async () => [value] };
  const near = createNearStore(store, {
    ...{ maxBytes: 100_000, maxAgeMs: 1_000, isNear: () => true },
    now: clock.now,
  });
  await near.get(['a']);
  clock.advance(599);
  expect(near.get(['a'])).toSatisfy(ANSWER_AT_ONCE);
  clock.advance(1);
  expect(near.get(['a'])).not.toSatisfy(ANSWER_AT_ONCE);
  await near.close();
});

describe("a near store's bound", () => {
  const KIB = Buffer.alloc(1024);

  it('lets go of what was longest not asked for', async () => {
    const { near, memory } = setUp({ maxBytes: 20_000 });
    for (let i = 0; i < 20; i += 1) {
      memory.set(`k${i}`, KIB, MINUTE);
      await near.get([`k${i}`]);
      near.get(['k0']);
    }
    expect(near.copies().bytes).toBeLessThanOrEqual(20_000);
    expect(near.copies()).toMatchObject({ entries: 12, evictions: 8 });
    expect(near.get(['k0'])).toSatisfy(ANSWER_AT_ONCE);
    expect(near.get(['k19'])).toSatisfy(ANSWER_AT_ONCE);
    expect(near.get(['k5'])).not.toSatisfy(ANSWER_AT_ONCE);
  });

  it('counts what is kept beside a copy, for as long as the copy is there', async () => {
    const { near, memory } = setUp({ maxBytes: 20_000 });
    memory.set('a', KIB, MINUTE);
    memory.set('b', KIB, MINUTE);
    const [value] = await near.get(['a']);
    const before = near.copies().bytes;
    near.weigh(value!.bytes, 500);
    expect(near.copies().bytes).toBe(before + 500);
    near.weigh(value!.bytes, 700);
    expect(near.copies().bytes).toBe(before + 700);
    expect((near.get(['a']) as { bytes: Buffer }[])[0]!.bytes).toBe(value!.bytes);
    near.weigh(Buffer.alloc(1), 700);
    await near.delete(['a']);
    near.weigh(value!.bytes, 700);
    expect(near.copies()).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('keeps no copy of a value that would take much of it', async () => {
    const { near, memory } = setUp({ maxBytes: 20_000 });
    memory.set('a', Buffer.alloc(3_000), MINUTE);
    await near.get(['a']);
    expect(near.copies().entries).toBe(0);
  });

  it('is free again when the store is closed', async () => {
    const { near, memory } = setUp();
    put(memory, 'a', 'x');
    await near.get(['a']);
    await near.close();
    expect(near.copies()).toMatchObject({ entries: 0, bytes: 0 });
  });
});
