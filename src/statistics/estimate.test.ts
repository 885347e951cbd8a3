import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mean, meanEstimate } from './estimate.ts';

/** Numbers from 0 to below 1, always the same ones (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Draw = (random: () => number) => number;

/** One value in ten is long, or nine are. */
const bimodal =
  (share: number, long: number): Draw =>
  (random) =>
    random() < share ? long : 60;
/** The same, with what is left of it. */
const left =
  (draw: Draw): Draw =>
  (random) =>
    draw(random) * random();
const exponential: Draw = (random) => -Math.log(1 - random());

const MINUTES = 60;
const DAY = 86_400;

describe('the interval of a mean from a sample of 100', () => {
  it.each<[string, Draw, number]>([
    ['uniform', (random) => random() * DAY, DAY / 2],
    ['a tenth a day, the rest a minute', bimodal(0.1, DAY), 0.1 * DAY + 0.9 * MINUTES],
    ['what is left of those', left(bimodal(0.1, DAY)), (0.1 * DAY + 0.9 * MINUTES) / 2],
    ['nine tenths a day', bimodal(0.9, DAY), 0.9 * DAY + 0.1 * MINUTES],
    ['what is left of those', left(bimodal(0.9, DAY)), (0.9 * DAY + 0.1 * MINUTES) / 2],
    ['a tenth ten times as long', bimodal(0.1, 600), 0.1 * 600 + 0.9 * MINUTES],
    ['half and half', bimodal(0.5, DAY), (DAY + MINUTES) / 2],
    ['exponential', exponential, 1],
  ])('holds the truth in 94 of 100: %s', (_name, draw, truth) => {
    const random = randomFrom(7);
    const runs = 4_000;
    let held = 0;
    for (let run = 0; run < runs; run += 1) {
      const { low, high } = meanEstimate(Array.from({ length: 100 }, () => draw(random)))!;
      if (low <= truth && truth <= high) held += 1;
    }
    expect(held / runs).toBeGreaterThanOrEqual(0.94);
  });
});

describe('the estimate of a mean', () => {
  const values = fc.array(fc.integer({ min: 0, max: 1e12 }), { minLength: 2, maxLength: 200 });

  it('lies in its interval, which has no part below 0', () => {
    fc.assert(
      fc.property(values, (sample) => {
        const { value, low, high } = meanEstimate(sample)!;
        expect(value).toBe(mean(sample));
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(Number.isFinite(high)).toBe(true);
      }),
    );
  });

  it('is the same in another unit', () => {
    fc.assert(
      fc.property(values, (sample) => {
        const one = meanEstimate(sample)!;
        const other = meanEstimate(sample.map((value) => value * 1024))!;
        for (const end of ['value', 'low', 'high'] as const) {
          expect(other[end] / 1024).toBeCloseTo(one[end], one[end] > 1e6 ? -6 : 3);
        }
      }),
    );
  });

  it('is never narrower than that of Student', () => {
    const sample = [1, 1, 1, 1, 1, 1, 1, 1, 1, 11];
    // 2 ± 2.262 · √10 / √10
    const { low, high } = meanEstimate(sample)!;
    expect(low).toBeCloseTo(0, 5);
    expect(high).toBeGreaterThan(2 + 2.262);
  });

  it('is that of Student where the sample is symmetric', () => {
    // 2 ± 4.303 · 1 / √3
    const { low, high } = meanEstimate([11, 12, 13])!;
    expect([low, high].map((end) => end.toFixed(3))).toEqual(['9.516', '14.484']);
    const many = Array.from({ length: 31 }, (_, i) => i);
    // 15 ± 2.0423 · 9.0921 / √31
    const wide = meanEstimate(many)!;
    expect([wide.low, wide.high].map((end) => end.toFixed(2))).toEqual(['11.66', '18.34']);
  });

  it('is exact where all were looked at, and none where nothing can be said', () => {
    expect(meanEstimate([1, 2, 6], 3)).toEqual({ value: 3, low: 3, high: 3 });
    expect(meanEstimate([4], 1)).toEqual({ value: 4, low: 4, high: 4 });
    expect([meanEstimate([]), meanEstimate([4]), mean([])]).toEqual([null, null, null]);
    expect(meanEstimate([5, 5, 5])).toEqual({ value: 5, low: 5, high: 5 });
  });
});
