import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { Candidate, OriginBudget } from '../../src/origin-budget/origin-budget.ts';
import { OriginBudgetError } from '../../src/origin-budget/origin-budget-error.ts';
import { ask, origin, read, start } from '../support/asked-origin.ts';
import { plainResponse, type RawAnswer, textOf } from '../support/raw-origin.ts';

/** Lets in so many, each after it was held back so long by the test's own count; then none. */
function createBudget(limit: number, heldMs = 0) {
  const asked: (boolean | undefined)[] = [];
  const budget: OriginBudget = {
    toleranceMs: 1_000,
    async admit({ signal, inBackground }) {
      signal.throwIfAborted();
      asked.push(inBackground);
      if (asked.length > limit) throw new OriginBudgetError(1_500);
      return heldMs;
    },
  };
  return { budget, asked };
}

describe('a client of an origin with a budget', () => {
  it('asks for each request, and says how long it was held back', async () => {
    const { budget, asked } = createBudget(2, 70);
    await start(plainResponse('abc'), { budget });
    const response = await ask({ inBackground: true });
    expect([await textOf(response.body), response.heldMs]).toEqual(['abc', 70]);
    expect(await read({ method: 'POST' })).toBe('abc');
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_BUDGET', retryAfterMs: 1_500 });
    expect(asked).toEqual([true, undefined, undefined]);
    expect(origin.asked).toHaveLength(2);
  });

  it('asks for a request that is sent again, too', async () => {
    const { budget, asked } = createBudget(4, 10);
    // The second request of a connection finds it broken.
    await start(
      (socket, { nth }) => void (nth === 1 ? socket.write(plainResponse('abc')) : socket.resetAndDestroy()),
      { budget },
    );
    expect(await read()).toBe('abc');
    const again = await ask();
    expect([await textOf(again.body), again.heldMs]).toEqual(['abc', 20]);
    expect(asked).toHaveLength(3);
    // Nothing is left for another try.
    expect(origin.asked).toHaveLength(3);
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_BUDGET' });
    expect(origin.asked).toHaveLength(4);
  });

  it('has the age of a response begin when it was asked for, not when it began to wait', async () => {
    let now = 1_000;
    const budget: OriginBudget = {
      toleranceMs: 1_000,
      async admit() {
        now += 5_000;
        return 5_000;
      },
    };
    await start(plainResponse('abc'), { budget, clock: { now: () => now } });
    expect(await ask()).toMatchObject({ requestAt: 6_000, responseAt: 6_000 });
  });

  it('is not asked for who has left', async () => {
    const { budget, asked } = createBudget(1);
    await start(plainResponse('abc'), { budget });
    await expect(ask({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(asked).toEqual([]);
  });

  it('asks anew for what a connection comes too late for, and sends it once', async () => {
    const asked: Candidate[] = [];
    const budget: OriginBudget = {
      toleranceMs: 40,
      async admit(candidate) {
        asked.push(candidate);
        return 0;
      },
    };
    let answerFirst: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      answerFirst = resolve;
    });
    // What comes after that is the upload's content.
    const answer: RawAnswer = (socket, { nth }) => {
      if (nth === 1) void first.then(() => socket.write(plainResponse('abc')));
      if (nth === 2) socket.write(plainResponse('def'));
    };
    await start(answer, { budget, connections: 1 });
    const before = read();
    await vi.waitFor(() => expect(origin.asked).toHaveLength(1));
    const upload = read({ method: 'POST', body: Readable.from(['content']), inBackground: true });
    const startedAt = performance.now();
    await vi.waitFor(() => expect(performance.now() - startedAt).toBeGreaterThan(60));
    answerFirst();
    expect(await Promise.all([before, upload])).toEqual(['abc', 'def']);
    const sent = origin.asked.filter((line) => line.endsWith(' HTTP/1.1'));
    expect(sent).toEqual(['GET / HTTP/1.1', 'POST / HTTP/1.1']);
    expect(asked.length).toBeGreaterThan(2);
    expect(asked[1]).toMatchObject({ inBackground: true, wasLate: false });
    for (const again of asked.slice(2)) {
      expect(again).toMatchObject({ wasLate: true });
      expect(again.inBackground).toBeUndefined();
    }
  });
});
