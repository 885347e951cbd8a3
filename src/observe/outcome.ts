import type { CacheStatus } from '../http/cache-status.ts';

/**
 * How the cache handled one request, in the words of RFC 9211. The one value that feeds the `Cache-Status` field,
 * the log, the metrics and the statistics.
 */
export type CacheOutcome = CacheStatus;

/**
 * What counts as a hit and what as a miss, wherever they are counted; `null`: neither. What no cache could have answered,
 * by its method or by its service's settings, is no miss.
 */
export function cacheOperationOf(outcome: CacheOutcome | null): 'hit' | 'miss' | null {
  if (outcome === null) return null;
  if (outcome.hit) return 'hit';
  return outcome.fwd === 'bypass' || outcome.fwd === 'method' ? null : 'miss';
}
