/** How many items were done a second, of late. */
export interface WarmRate {
  /** Notes how many are done in all by now. */
  note(done: number): void;
  /** Of the last 10 s, to a tenth. */
  perSecond(): number;
}

const WINDOW_MS = 10_000;
/** Before a second is over it says little. */
const LEAST_MS = 1_000;

/** @param now milliseconds that never go back */
export function createWarmRate(done: number, now: () => number = () => performance.now()): WarmRate {
  let samples = [{ at: now(), done }];
  let latest = done;
  return {
    note(total) {
      latest = total;
      const at = now();
      const from = samples.findLastIndex((sample) => sample.at <= at - WINDOW_MS);
      samples = [...samples.slice(Math.max(0, from)), { at, done: total }];
    },
    perSecond() {
      const [oldest] = samples as [(typeof samples)[0]];
      const elapsedMs = Math.max(LEAST_MS, now() - oldest.at);
      return Math.round(((latest - oldest.done) * 10_000) / elapsedMs) / 10;
    },
  };
}
