// @ts-check

/** @typedef {{ limit: number, window_seconds: number }} Rule */

/** Of a span: one request may be longer on its way than the next, and an origin sees them closer together. */
const TOLERATED = 0.95;

/**
 * So many requests in any such span.
 *
 * @param {readonly Rule[]} rules
 * @returns {(now: number) => number} for how many milliseconds a request of this moment is refused; 0: it is let in
 */
export function createLimit(rules) {
  /** @type {number[]} when requests were let in */
  const times = [];
  const longestMs = Math.max(0, ...rules.map(({ window_seconds: seconds }) => spanMs(seconds)));

  return (now) => {
    while (times.length > 0 && /** @type {number} */ (times[0]) <= now - longestMs) times.shift();
    const waits = rules.map(({ limit, window_seconds: seconds }) => {
      const nth = times.at(-limit);
      return nth === undefined ? 0 : Math.max(0, nth + spanMs(seconds) - now);
    });
    const wait = Math.max(0, ...waits);
    if (wait === 0) times.push(now);
    return wait;
  };
}

/** @param {number} seconds */
function spanMs(seconds) {
  return seconds * 1000 * TOLERATED;
}
