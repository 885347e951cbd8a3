import { quantile } from './measure.mjs';

const MOST = 1_000_000;

/** Collects how long something took, in milliseconds. */
export function createTimes() {
  let times = [];
  return {
    /** @param {number} ms */
    add(ms) {
      if (times.length < MOST) times.push(ms);
    },
    /** What was added since the last call; `null`: nothing. */
    take() {
      const taken = times;
      times = [];
      if (taken.length === 0) return null;
      const sum = taken.reduce((before, ms) => before + ms, 0);
      return {
        count: taken.length,
        averageMs: sum / taken.length,
        p50Ms: quantile(taken, 0.5),
        p99Ms: quantile(taken, 0.99),
      };
    },
  };
}
