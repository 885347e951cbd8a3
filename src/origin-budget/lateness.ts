import type { RateRule } from '../store/store.ts';

/** Finds answers of the store that took much longer than they usually do. */
export interface Lateness {
  /** @param tookMs from the question until the answer is acted on */
  isLate(tookMs: number): boolean;
}

/** For so long at least it is known how quick an answer can be. */
const KNOWN_MS = 30_000;
const TOLERANCE_MS = 40;
/** Of long windows a small part, so that a slow store wastes none of a small budget. */
const TOLERANCE_PART = 1 / 50;

/** How much later than usual something may be, where the shortest window is so long. */
export function toleranceMsOf(rules: readonly RateRule[]): number {
  return Math.max(TOLERANCE_MS, Math.min(...rules.map(({ windowMs }) => windowMs)) * TOLERANCE_PART);
}

/**
 * The store counts a request when it lets it in; what is sent much later than others may come together with those that
 * were let in after it. That the store is far away does no harm, only that an answer takes longer than another: so the
 * quickest of late is what they are compared with. Where none is known yet, a slow one is not relied on.
 */
export function createLateness(toleranceMs: number): Lateness {
  let quickest = Number.POSITIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  let since = performance.now();

  return {
    isLate(tookMs) {
      const now = performance.now();
      if (now - since > KNOWN_MS) {
        before = quickest;
        quickest = Number.POSITIVE_INFINITY;
        since = now;
      }
      const usual = Math.min(quickest, before);
      quickest = Math.min(quickest, tookMs);
      return tookMs - (usual === Number.POSITIVE_INFINITY ? 0 : usual) > toleranceMs;
    },
  };
}
