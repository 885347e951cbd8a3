import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MaybePromise } from '../store/store.ts';
import { createBudgetQueue } from './budget-queue.ts';
import { OriginBudgetError } from './origin-budget-error.ts';
import type { Permit } from './permits.ts';

const RULES = [{ limit: 5, windowMs: 1_000 }];
const granted = (more = 0): Permit => ({ kind: 'granted', more });
const spent = (retryAfterMs: number): Permit => ({ kind: 'spent', retryAfterMs });
const LATE: Permit = { kind: 'late' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A queue whose store says what it is told to, one word after the other, and at last that all is spent. */
function createQueue(words: MaybePromise<Permit>[], rules = RULES) {
  let asked = 0;
  const queue = createBudgetQueue(rules, () => {
    asked += 1;
    return words.shift() ?? spent(10_000);
  });
  const done: string[] = [];
  const enter = (
    name: string,
    { waitMs = 5_000, inBackground = false, ending = new AbortController() } = {},
  ) => {
    queue.admit({ signal: ending.signal, waitMs, inBackground }).then(
      (heldMs) => done.push(`${name} after ${Math.round(heldMs)}`),
      (error: unknown) =>
        done.push(
          error instanceof OriginBudgetError ? `${name} refused ${error.retryAfterMs}` : `${name} left`,
        ),
    );
    return ending;
  };
  return { enter, done, asked: () => asked };
}

const turn = () => vi.advanceTimersByTimeAsync(0);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a request for a budget', () => {
  it('is let in at once while there is some', async () => {
    const { enter, done } = createQueue([granted(), Promise.resolve(granted())]);
    enter('a');
    await turn();
    enter('b');
    await turn();
    expect(done).toEqual(['a after 0', 'b after 0']);
  });

  it('waits until there is some, and those behind it in their order', async () => {
    const { enter, done, asked } = createQueue([spent(300), granted(1), granted(1), granted(0)]);
    for (const name of ['a', 'b', 'c']) enter(name);
    await pass(299);
    expect([done, asked()]).toEqual([[], 1]);
    await pass(10);
    expect(done).toHaveLength(3);
    expect(done.map((text) => text[0])).toEqual(['a', 'b', 'c']);
    expect(asked()).toBe(4);
  });

  it('is refused when its time is over, with when to come again', async () => {
    const { enter, done } = createQueue([spent(300), spent(900)]);
    enter('a', { waitMs: 500 });
    await pass(299);
    expect(done).toEqual([]);
    await pass(10);
    expect(done).toEqual(['a refused 900']);
  });

  it('is refused at once when it could not be let in in time', async () => {
    const { enter, done, asked } = createQueue([spent(2_000)]);
    enter('a', { waitMs: 1_000 });
    await turn();
    enter('b', { waitMs: 1_000 });
    await turn();
    expect(done).toEqual(['a refused 2000', 'b refused 2000']);
    expect(asked()).toBe(1);
  });

  it('is refused at once when too many are before it', async () => {
    const { enter, done } = createQueue([spent(100)]);
    for (let i = 0; i < 15; i++) enter(`w${i}`, { waitMs: 2_500 });
    enter('late', { waitMs: 2_500 });
    await turn();
    // Fifteen before it take three windows at the least; all of them have been served or have left in 2.5 s.
    expect(done).toEqual(['late refused 2600']);
  });

  it('is not kept back by those who have left', async () => {
    const { enter, done } = createQueue([spent(100), granted()]);
    const first = enter('a');
    enter('b');
    await turn();
    first.abort();
    await pass(106);
    expect(done[0]).toBe('a left');
    expect(done[1]).toMatch(/^b after 10\d$/);
  });

  it('that is over before it begins asks nobody', async () => {
    const { enter, done, asked } = createQueue([granted()]);
    const ending = new AbortController();
    ending.abort();
    enter('a', { ending });
    await turn();
    expect([done, asked()]).toEqual([['a left'], 0]);
  });

  it('waits for the store alone where it is to wait for nothing', async () => {
    let answer: (permit: Permit) => void = () => {};
    const word = new Promise<Permit>((resolve) => {
      answer = resolve;
    });
    const { enter, done } = createQueue([word, spent(10)]);
    enter('a', { waitMs: 0 });
    await pass(50);
    answer(granted());
    await turn();
    enter('b', { waitMs: 0 });
    await turn();
    expect(done).toEqual(['a after 0', 'b refused 10']);
  });

  it('in the background comes after all others', async () => {
    const { enter, done } = createQueue([spent(100), granted(4), granted(3)]);
    enter('a');
    enter('b', { waitMs: 0, inBackground: true });
    await turn();
    expect(done).toEqual(['b refused 100']);
    await pass(110);
    enter('c', { waitMs: 0, inBackground: true });
    await turn();
    expect(done.map((text) => text.split(' ')[0])).toEqual(['b', 'a', 'c']);
  });

  it('is asked for again when it was let in too late', async () => {
    const { enter, done, asked } = createQueue([LATE, Promise.resolve(LATE), granted()]);
    enter('a');
    await turn();
    expect([done, asked()]).toEqual([['a after 0'], 3]);
  });
});

describe('a queue', () => {
  it('holds a thousand', async () => {
    const { enter, done } = createQueue([spent(100)], [{ limit: 1_000_000, windowMs: 1_000 }]);
    for (let i = 0; i < 1_001; i++) enter(String(i));
    await turn();
    expect(done).toEqual([expect.stringContaining('1000 refused')]);
  });

  it('asks for no more at once than the store has left, and once where nothing is known', async () => {
    const pending: ((permit: Permit) => void)[] = [];
    const words = Array.from({ length: 20 }, () => new Promise<Permit>((resolve) => pending.push(resolve)));
    const { enter, asked } = createQueue(words, [{ limit: 100, windowMs: 1_000 }]);
    for (let i = 0; i < 20; i++) enter(String(i));
    await turn();
    expect(asked()).toBe(1);
    pending[0]!(granted(7));
    await turn();
    expect(asked()).toBe(8);
    for (let i = 1; i < 8; i++) pending[i]!(granted(0));
    await turn();
    expect(asked()).toBe(9);
  });

  it('leaves no timer behind', async () => {
    const { enter } = createQueue([granted(), spent(50), granted(), spent(400)]);
    enter('a');
    await turn();
    enter('b');
    enter('c', { waitMs: 100 });
    await pass(300);
    expect(vi.getTimerCount()).toBe(0);
  });
});
