import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createLocalWindows } from '../store/local-windows.ts';
import type { Store, TakeResult } from '../store/store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createPermits } from './permits.ts';

const RULES = [{ limit: 3, windowMs: 1_000 }];
const AWAY = new CachegateError('ERR_STORE_UNAVAILABLE', 'away');
const ALLOWED: TakeResult = {
  allowed: true,
  retryAfterMs: 0,
  rules: [{ remaining: 2, resetAfterMs: 1_000 }],
};
const REFUSED: TakeResult = { allowed: false, retryAfterMs: 70, rules: [{ remaining: 0, resetAfterMs: 70 }] };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function createPart(rules = RULES) {
  const clock = createManualClock();
  let take: () => TakeResult | Promise<TakeResult> = () => ALLOWED;
  const asked: unknown[] = [];
  const store = {
    take: (...args: unknown[]) => {
      asked.push(args);
      return take();
    },
  } as unknown as Store;
  const permits = createPermits({ key: 'k', rules, store, local: createLocalWindows(), clock });
  return {
    ...{ clock, permits, asked },
    storeSays(says: typeof take) {
      take = says;
    },
    /** The store takes so long, and the process until it looks at the answer. */
    async taking(ms: number, says: TakeResult = ALLOWED) {
      take = () => new Promise((resolve) => setTimeout(resolve, ms, says));
      const permit = permits();
      await vi.advanceTimersByTimeAsync(ms);
      return (await permit).kind;
    },
  };
}

describe('a permit', () => {
  it('is the store’s to give', async () => {
    const { permits, asked, storeSays } = createPart();
    expect(permits()).toEqual({ kind: 'granted', more: 2 });
    storeSays(() => Promise.resolve(REFUSED));
    expect(await permits()).toEqual({ kind: 'spent', retryAfterMs: 70 });
    expect(asked).toEqual([
      ['k', RULES],
      ['k', RULES],
    ]);
  });

  it('leaves as many as the narrowest rule does', () => {
    const { permits, storeSays } = createPart();
    const rules = [ALLOWED.rules[0]!, { remaining: 1, resetAfterMs: 5 }];
    storeSays(() => ({ ...ALLOWED, rules }));
    expect(permits()).toEqual({ kind: 'granted', more: 1 });
  });

  it.each([
    [
      'throws',
      () => {
        throw AWAY;
      },
    ],
    ['rejects', () => Promise.reject(AWAY)],
  ])('is this process’s own while the store %s', async (_how, fail) => {
    const { permits, storeSays, clock } = createPart();
    expect(permits()).toMatchObject({ kind: 'granted' });
    storeSays(fail);
    // One was used already.
    expect(await permits()).toEqual({ kind: 'granted', more: 1 });
    expect(await permits()).toEqual({ kind: 'granted', more: 0 });
    expect(await permits()).toEqual({ kind: 'spent', retryAfterMs: 1_000 });
    clock.advance(400);
    // The store is back, and knows nothing of that.
    storeSays(() => ALLOWED);
    expect(permits()).toEqual({ kind: 'spent', retryAfterMs: 600 });
    clock.advance(1_100);
    for (let i = 0; i < 3; i++) expect(permits()).toMatchObject({ kind: 'granted' });
  });

  it('is none where this process alone has used up what a store lets in that has forgotten it', () => {
    const { permits, clock } = createPart();
    for (let i = 0; i < 3; i++) expect(permits()).toMatchObject({ kind: 'granted' });
    clock.advance(900);
    expect(permits()).toEqual({ kind: 'spent', retryAfterMs: 100 });
    // Answers of the store come now sooner, now later.
    clock.advance(65);
    for (let i = 0; i < 3; i++) expect(permits()).toMatchObject({ kind: 'granted' });
  });

  it('is counted here alone without a store', () => {
    const clock = createManualClock();
    const permits = createPermits({
      key: 'k',
      rules: RULES,
      store: null,
      local: createLocalWindows(),
      clock,
    });
    const kinds = Array.from({ length: 4 }, () => (permits() as { kind: string }).kind);
    expect(kinds).toEqual(['granted', 'granted', 'granted', 'spent']);
  });
});

describe('a permit that was long on its way', () => {
  it('is not used, as others may be let in for the time that it was for', async () => {
    const { taking } = createPart();
    expect(await taking(2)).toBe('granted');
    expect(await taking(40)).toBe('granted');
    expect(await taking(45)).toBe('late');
    expect(await taking(45, REFUSED)).toBe('spent');
    expect(await taking(2)).toBe('granted');
  });

  it('is one that took longer than others: a store may be far away', async () => {
    const { taking } = createPart();
    expect(await taking(200)).toBe('late');
    expect(await taking(210)).toBe('granted');
    expect(await taking(239)).toBe('granted');
    expect(await taking(245)).toBe('late');
  });

  it('is compared with the quickest of late', async () => {
    const { taking } = createPart();
    await taking(2);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await taking(100)).toBe('late');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await taking(120)).toBe('granted');
  });

  it('may be so by a part of a long window', async () => {
    const { taking } = createPart([{ limit: 30, windowMs: 60_000 }]);
    await taking(2);
    expect(await taking(1_100)).toBe('granted');
    expect(await taking(1_300)).toBe('late');
  });
});
