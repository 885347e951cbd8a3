import { median } from './measure.mjs';

const RESAMPLES = 10_000;
const SEED = 0x5eed;

/**
 * The interval that holds the median of what `values` are a sample of with a chance of 95 % (percentile bootstrap).
 * The same for the same values.
 *
 * @param {number[]} values not empty
 * @returns {[number, number]}
 */
export function medianInterval(values) {
  const random = generator(SEED);
  const pick = () => values[Math.floor(random() * values.length)];
  const medians = Array.from({ length: RESAMPLES }, () => median(values.map(pick))).sort((a, b) => a - b);
  return [medians[Math.floor(RESAMPLES * 0.025)], medians[Math.ceil(RESAMPLES * 0.975) - 1]];
}

/** Numbers from 0 to 1 by a seed: a Weyl sequence, mixed. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
