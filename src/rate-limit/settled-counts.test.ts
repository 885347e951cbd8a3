import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createLocalWindows } from '../store/local-windows.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { Store, TakeResult } from '../store/store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createSettledCounts } from './settled-counts.ts';

const WINDOW = 10_000;
const AWAY = new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused');

/** Counts over a store that answers later, and its clock. */
function setUp(limit: number, shared?: { store: Store; clock: ReturnType<typeof createManualClock> }) {
  const clock = shared?.clock ?? createManualClock();
  const memory = shared?.store ?? createMemoryStore({ maxBytes: 100_000, clock });
  const store = createFaultyStore(memory);
  store.delay(0);
  const local = createLocalWindows();
  const rule = { limit, windowMs: WINDOW };
  const counts = createSettledCounts({ rule, store, local, clock });
  /** As many requests as these, one after the other; those let in. */
  async function take(times: number): Promise<TakeResult[]> {
    const results: TakeResult[] = [];
    for (let i = 0; i < times; i += 1) {
      const taking = counts.take('a');
      if (taking instanceof Promise) await vi.advanceTimersByTimeAsync(1);
      results.push(await taking);
    }
    return results;
  }
  /** What is under way is answered before, and after. */
  async function pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(2);
    clock.advance(ms);
    await vi.advanceTimersByTimeAsync(ms);
    await vi.advanceTimersByTimeAsync(2);
  }
  return { clock, memory, store, local, counts, take, pass, rule };
}

const allowed = (results: readonly TakeResult[]) => results.filter((result) => result.allowed).length;

describe('settled counts', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('ask for a key that is not known, then let in at once what they know to be allowed', async () => {
    const { counts, store, take } = setUp(100);
    await take(1);
    expect(counts.take('a')).toEqual({
      allowed: true,
      retryAfterMs: 0,
      rules: [{ remaining: 98, resetAfterMs: expect.any(Number) }],
    });
    await take(20);
    expect(store.calls.take).toBe(1);
  });

  it('tell the store of all that were let in, once in a tenth of a second', async () => {
    const { counts, store, memory, take, pass, rule } = setUp(100);
    await take(21);
    await pass(100);
    expect(store.calls.take).toBe(2);
    expect((memory.take('a', [rule]) as TakeResult).rules[0]!.remaining).toBe(78);
    expect((counts.take('a') as TakeResult).rules[0]!.remaining).toBe(78);
  });

  it('say what the store would say', async () => {
    const { take, memory, rule, pass } = setUp(100);
    const results = await take(60);
    expect(results.map((result) => result.rules[0]!.remaining)).toEqual(
      Array.from({ length: 60 }, (_, i) => 99 - i),
    );
    await pass(1_700);
    const [local] = await take(1);
    await pass(0);
    const told = memory.take('b', [rule]) as TakeResult;
    expect(local!.rules[0]!.resetAfterMs).toBe(told.rules[0]!.resetAfterMs);
  });

  it.each([1, 2, 8, 10, 100])('let in exactly a limit of %i in one process', async (limit) => {
    const { take, pass } = setUp(limit);
    expect(allowed(await take(limit + 5))).toBe(limit);
    await pass(WINDOW / 2);
    expect(allowed(await take(5))).toBe(0);
    // What was told last was counted a little late, and a coarse window lets go by the slot.
    await pass(WINDOW / 2 + 500);
    expect(allowed(await take(limit + 5))).toBe(limit);
  });

  it('refuse without asking until somebody may be let in again', async () => {
    const { take, store, pass } = setUp(10);
    await take(11);
    const asked = store.calls.take;
    await pass(WINDOW / 2);
    const [refusal] = await take(1);
    expect(refusal).toMatchObject({ allowed: false, rules: [{ remaining: 0 }] });
    expect(refusal!.retryAfterMs).toBeGreaterThan(0);
    expect(refusal!.retryAfterMs).toBeLessThanOrEqual(WINDOW / 2);
    expect(store.calls.take).toBe(asked);
    await pass(refusal!.retryAfterMs);
    expect(allowed(await take(1))).toBe(1);
  });

  it('let in over several processes no more beyond the limit than each knew to be left', async () => {
    const one = setUp(100);
    const two = setUp(100, { store: one.memory, clock: one.clock });
    await one.take(1);
    await two.take(1);
    const both = allowed(await one.take(80)) + allowed(await two.take(80));
    expect(both).toBe(160);
    await one.pass(100);
    // The first that told has not heard of what the second told after it.
    expect(allowed(await one.take(50)) + allowed(await two.take(50))).toBeLessThan(20);
    await one.pass(100);
    expect(allowed(await one.take(50)) + allowed(await two.take(50))).toBe(0);
  });

  it('ask anew for what has not been heard of for long, and tell at once of what is old', async () => {
    const { take, store, pass } = setUp(100);
    await take(1);
    await pass(2_000);
    await take(1);
    expect(store.calls.take).toBe(2);
    await pass(WINDOW);
    await take(1);
    expect(store.calls.take).toBe(3);
  });

  it('are counted here when the store is not told, and ask it again', async () => {
    const { take, store, local, pass, rule, clock, counts } = setUp(100);
    await take(11);
    store.fail(AWAY);
    await pass(100);
    expect(local.take('a', [rule], clock.now()).rules[0]!.remaining).toBe(89);
    await expect(counts.take('a')).rejects.toBe(AWAY);
    store.heal();
    expect((await take(1))[0]!.rules[0]!.remaining).toBe(98);
  });

  it('tell all when they settle', async () => {
    const { counts, memory, take, rule } = setUp(100);
    await take(21);
    const settled = counts.settle();
    await vi.advanceTimersByTimeAsync(1);
    await settled;
    expect((memory.take('a', [rule]) as TakeResult).rules[0]!.remaining).toBe(78);
  });

  it('know nothing after the clock was set back', async () => {
    const { take, store, clock } = setUp(100);
    await take(1);
    clock.advance(-1_000);
    await take(1);
    expect(store.calls.take).toBe(2);
  });
});
