import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSlidingWindow, slotWidth, takeFrom } from './sliding-window.ts';
import type { RateRule } from './store.ts';

const START = 1_700_000_000_000;

const rule = fc.record({
  limit: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 30, max: 36 })),
  windowMs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 2000 })),
});
const rules = fc.array(rule, { minLength: 1, maxLength: 3 });
/** Steps forward, mostly small, so that requests crowd. */
const steps = fc.array(fc.oneof(fc.constant(0), fc.nat(9), fc.nat(700)), { maxLength: 250 });

/** The obvious model: every request that was let in, as the last millisecond of its slot. */
function createModel(modelRules: readonly RateRule[]) {
  const accepted: number[] = [];
  const counted = ({ limit, windowMs }: RateRule, now: number) => {
    const width = slotWidth({ limit, windowMs });
    return accepted
      .map((at) => Math.floor(at / width) * width + width - 1)
      .filter((at) => at > now - windowMs);
  };
  const isFree = (now: number) => modelRules.every((one) => counted(one, now).length < one.limit);
  return {
    take(now: number) {
      const allowed = isFree(now);
      if (allowed) accepted.push(now);
      let retryAfterMs = 0;
      while (!allowed && !isFree(now + retryAfterMs)) retryAfterMs += 1;
      const states = modelRules.map((one) => {
        const ends = counted(one, now);
        const resetAfterMs = ends.length === 0 ? 0 : Math.max(...ends) + one.windowMs - now;
        return { remaining: one.limit - ends.length, resetAfterMs };
      });
      return { allowed, retryAfterMs, rules: states };
    },
  };
}

describe('takeFrom', () => {
  it('does what the list of all accepted requests would', () => {
    fc.assert(
      fc.property(rules, steps, (someRules, someSteps) => {
        const windows = someRules.map(createSlidingWindow);
        const model = createModel(someRules);
        let now = START;
        for (const step of someSteps) {
          now += step;
          expect(takeFrom(windows, now)).toEqual(model.take(now));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('never lets in more than the limit within any window, at whatever width of slots', () => {
    fc.assert(
      fc.property(rule, steps, (oneRule, someSteps) => {
        const windows = [createSlidingWindow(oneRule)];
        const accepted: number[] = [];
        let now = START;
        for (const step of someSteps) {
          now += step;
          if (takeFrom(windows, now).allowed) accepted.push(now);
        }
        accepted.forEach((first, i) => {
          const after = accepted[i + oneRule.limit];
          if (after !== undefined) expect(after - first).toBeGreaterThanOrEqual(oneRule.windowMs);
        });
      }),
    );
  });

  it('lets one in at retryAfterMs, and none a millisecond earlier', () => {
    fc.assert(
      fc.property(rules, steps, (someRules, someSteps) => {
        const windows = someRules.map(createSlidingWindow);
        let now = START;
        for (const step of someSteps) {
          now += step;
          const { allowed, retryAfterMs } = takeFrom(windows, now);
          if (allowed) continue;
          expect(takeFrom(structuredClone(windows), now + retryAfterMs - 1).allowed).toBe(false);
          expect(takeFrom(structuredClone(windows), now + retryAfterMs).allowed).toBe(true);
        }
      }),
    );
  });

  it('holds a request at t and one at t + windowMs to be in different windows', () => {
    const windows = [createSlidingWindow({ limit: 1, windowMs: 10 })];
    expect(takeFrom(windows, START).allowed).toBe(true);
    expect(takeFrom(windows, START + 9).allowed).toBe(false);
    expect(takeFrom(windows, START + 10).allowed).toBe(true);
  });

  it('keeps no more slots than its capacity, however long it runs', () => {
    const windows = [createSlidingWindow({ limit: 1_000_000, windowMs: 1000 })];
    for (let now = START; now < START + 20_000; now += 1) takeFrom(windows, now);
    expect(windows[0]!.ends.length).toBeLessThanOrEqual(34);
    expect(windows[0]!.total).toBeLessThanOrEqual(1032);
  });

  it('still counts what it knows after the clock was set back a little', () => {
    const windows = [createSlidingWindow({ limit: 2, windowMs: 1000 })];
    takeFrom(windows, START);
    takeFrom(windows, START - 500);
    expect(takeFrom(windows, START - 500)).toMatchObject({ allowed: false, retryAfterMs: 1500 });
  });

  it('starts afresh after the clock was set back by more than the window', () => {
    const windows = [createSlidingWindow({ limit: 1, windowMs: 1000 })];
    takeFrom(windows, START);
    expect(takeFrom(windows, START - 3_600_000).allowed).toBe(true);
    expect(takeFrom(windows, START - 3_600_000).retryAfterMs).toBe(1000);
  });
});
