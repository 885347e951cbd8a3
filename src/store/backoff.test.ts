import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

describe('backoffMs', () => {
  it('doubles from 100 ms to 2 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(attempt, 0))).toEqual([
      100, 200, 400, 800, 1600, 2000, 2000,
    ]);
  });

  it('takes away at most half, whatever the attempt', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const whole = backoffMs(attempt, 0);
        expect(backoffMs(attempt, random)).toBeGreaterThanOrEqual(whole / 2);
        expect(backoffMs(attempt, random)).toBeLessThanOrEqual(whole);
      }),
    );
  });
});
