import type { CacheStatus } from '../http/cache-status.ts';

/**
 * How the cache handled one request, in the words of RFC 9211. The one value that feeds the `Cache-Status` field,
 * the log, the metrics and the statistics.
 */
export type CacheOutcome = CacheStatus;
