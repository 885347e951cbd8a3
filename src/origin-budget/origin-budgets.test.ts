import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hasCode } from '../errors.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createLocalWindows } from '../store/local-windows.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { OriginBudget } from './origin-budget.ts';
import { createOriginBudgets, type OriginBudgets } from './origin-budgets.ts';

const clock = { now: () => Date.now() };
const RULES = [
  { limit: 5, windowMs: 1_000 },
  { limit: 12, windowMs: 4_000 },
];
const never = () => new AbortController().signal;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** So many processes on one store. */
function createFleet(count: number, told: unknown[][] = []): OriginBudgets[] {
  const store = createMemoryStore({ maxBytes: 1_000_000, clock });
  const observer = { originHeldBack: (...args: unknown[]) => void told.push(args) };
  return Array.from({ length: count }, (_, i) =>
    createOriginBudgets({
      ...{ store, clock, observer, local: createLocalWindows() },
      // Their hash keys need not be the same.
      keys: createStoreKeys('', `secret ${i}`),
    }),
  );
}

describe('a budget', () => {
  it('holds over all processes, in every window, and leaves little of it unused', async () => {
    const budgets = createFleet(4).map((each) =>
      each('api', { rules: RULES, waitMs: 1_500, sharedAs: 'api' }),
    );
    const sent: number[] = [];
    let longestMs = 0;
    let refused = 0;
    const ask = async (process: number) => {
      const startedAt = Date.now();
      try {
        await budgets[process]!.admit({ signal: never() });
        sent.push(Date.now());
      } catch (error) {
        if (!hasCode(error, 'ERR_ORIGIN_BUDGET')) throw error;
        refused += 1;
      }
      longestMs = Math.max(longestMs, Date.now() - startedAt);
    };
    const all: Promise<void>[] = [];
    for (let i = 0; i < 1_200; i++) {
      all.push(ask(i % 4));
      await vi.advanceTimersByTimeAsync(i % 7 === 0 ? 70 : 11);
    }
    await vi.advanceTimersByTimeAsync(5_000);
    await Promise.all(all);
    for (const { limit, windowMs } of RULES) {
      const over = sent.filter((at, i) => i >= limit && at - sent[i - limit]! < windowMs + 50);
      expect(over).toEqual([]);
    }
    expect(longestMs).toBeLessThanOrEqual(1_500);
    expect(refused + sent.length).toBe(1_200);
    // 23 s at three a second.
    expect(sent.length).toBeGreaterThan(60);
  });

  it('is one for services that share it, and each waits as long as it says', async () => {
    const [create] = createFleet(1) as [OriginBudgets];
    const rules = [{ limit: 1, windowMs: 1_000 }];
    const first = create('a', { rules, waitMs: 5_000, sharedAs: 'base' });
    const second = create('b', { rules, waitMs: 100, sharedAs: 'base' });
    const other = create('c', { rules, waitMs: 0, sharedAs: 'c' });
    expect(await first.admit({ signal: never() })).toBe(0);
    await expect(second.admit({ signal: never() })).rejects.toMatchObject({
      code: 'ERR_ORIGIN_BUDGET',
      retryAfterMs: 1_050,
    });
    expect(await other.admit({ signal: never() })).toBe(0);
    const waiting = first.admit({ signal: never() });
    await vi.advanceTimersByTimeAsync(1_060);
    expect(await waiting).toBeGreaterThanOrEqual(1_050);
  });

  it('counts what was waited for before, and lets nobody wait in the background', async () => {
    const [create] = createFleet(1) as [OriginBudgets];
    const budget = create('a', { rules: [{ limit: 1, windowMs: 1_000 }], waitMs: 1_500, sharedAs: 'a' });
    await budget.admit({ signal: never() });
    const refused = { code: 'ERR_ORIGIN_BUDGET' };
    await expect(budget.admit({ signal: never(), waitedMs: 500 })).rejects.toMatchObject(refused);
    await expect(budget.admit({ signal: never(), waitedMs: 9_000 })).rejects.toMatchObject(refused);
    await expect(budget.admit({ signal: never(), inBackground: true })).rejects.toMatchObject(refused);
    const waiting = budget.admit({ signal: never(), waitedMs: 400 });
    await vi.advanceTimersByTimeAsync(1_060);
    expect(await waiting).toBeGreaterThanOrEqual(1_050);
    await vi.advanceTimersByTimeAsync(1_060);
    expect(await budget.admit({ signal: never(), inBackground: true })).toBe(0);
  });

  it('tells of those who were held back, and not of others', async () => {
    const told: unknown[][] = [];
    const [create] = createFleet(1, told) as [OriginBudgets];
    const budget = create('a', { rules: [{ limit: 1, windowMs: 1_000 }], waitMs: 1_500, sharedAs: 'a' });
    const leaving = new AbortController();
    await budget.admit({ signal: never() });
    const background = budget.admit({ signal: never(), inBackground: true }).catch(() => {});
    await background;
    const waiting = budget.admit({ signal: never() });
    const left = budget.admit({ signal: leaving.signal }).catch(() => {});
    leaving.abort();
    await vi.advanceTimersByTimeAsync(1_060);
    await Promise.all([waiting, left]);
    expect(told).toEqual([['a', true, expect.any(Number)]]);
    await expect(budget.admit({ signal: never(), waitedMs: 1_000 })).rejects.toThrow();
    expect(told.at(-1)).toEqual(['a', false, 0]);
  });

  it('lets who was let in, and came too late for it, wait for the next window', async () => {
    const [create] = createFleet(1) as [OriginBudgets];
    const budget = create('a', { rules: [{ limit: 1, windowMs: 1_000 }], waitMs: 0, sharedAs: 'a' });
    expect(budget.toleranceMs).toBe(40);
    await budget.admit({ signal: never() });
    await expect(budget.admit({ signal: never() })).rejects.toMatchObject({ code: 'ERR_ORIGIN_BUDGET' });
    const again = budget.admit({ signal: never(), wasLate: true });
    await vi.advanceTimersByTimeAsync(1_060);
    expect(await again).toBeGreaterThan(1_000);
  });

  it('is not forgotten where another release has other rules', async () => {
    const [mine, others] = createFleet(2).map((create, i) =>
      create('a', { rules: [{ limit: 2 + i, windowMs: 1_000 }], waitMs: 0, sharedAs: 'a' }),
    ) as [OriginBudget, OriginBudget];
    let count = 0;
    for (let i = 0; i < 20; i++) {
      for (const budget of [mine, others]) {
        await budget.admit({ signal: never() }).then(
          () => count++,
          () => {},
        );
      }
    }
    expect(count).toBe(5);
  });
});
