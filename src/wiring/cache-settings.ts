import type { Config, ServiceConfig } from '../config/schema.ts';
import type { CachePolicy } from '../engine/policy.ts';
import type { ServiceOptions } from '../gateway/service.ts';

type CacheConfig = Exclude<ServiceConfig['cache'], 'off'>;

export type CacheSettings = Pick<
  ServiceOptions,
  | 'policy'
  | 'maxBodyBytes'
  | 'keying'
  | 'keyedMethods'
  | 'maxKeyBodyBytes'
  | 'retryAfterLimitMs'
  | 'tags'
  | 'compressFromBytes'
>;

// What a transform may read where nothing is cached.
const UNCACHED_BODY_BYTES = 8 * 1024 * 1024;

/** What a service's `cache` says, in the names of the code; where it is off, what lets nothing be stored. */
export function cacheSettings(cache: ServiceConfig['cache'], mode: Config['mode']): CacheSettings {
  if (cache === 'off') return uncached(mode);
  return {
    policy: policyOf(cache, mode),
    maxBodyBytes: cache.max_body_bytes,
    keying: {
      sortQuery: cache.key.sort_query,
      ignoreQuery: cache.key.ignore_query,
      lowerCasePath: cache.key.lower_case_path,
    },
    keyedMethods: cache.methods,
    maxKeyBodyBytes: cache.max_key_body_bytes,
    retryAfterLimitMs: cache.retry_after_limit_seconds * 1000,
    tags: cache.tags,
    compressFromBytes: cache.compress === 'off' ? null : cache.compress.min_bytes,
  };
}

function uncached(mode: Config['mode']): CacheSettings {
  return {
    policy: { mode, targetedFields: [], heuristic: false, force: false, negativeTtlSeconds: new Map() },
    maxBodyBytes: UNCACHED_BODY_BYTES,
    keying: { sortQuery: false, ignoreQuery: [], lowerCasePath: false },
    keyedMethods: [],
    maxKeyBodyBytes: 0,
    retryAfterLimitMs: 0,
    tags: [],
    compressFromBytes: null,
  };
}

function policyOf(cache: CacheConfig, mode: Config['mode']): CachePolicy {
  const negative = Object.entries(cache.negative_ttl_seconds);
  return {
    mode,
    targetedFields: cache.targeted_headers.map((name) => name.toLowerCase()),
    heuristic: cache.heuristic,
    force: cache.force,
    negativeTtlSeconds: new Map(negative.map(([status, ttl]) => [Number(status), ttl])),
    staleIfDisconnectedSeconds: cache.stale_if_disconnected_seconds,
    ...(cache.ttl_seconds !== undefined && { ttlSeconds: cache.ttl_seconds }),
    ...(cache.stale_while_revalidate_seconds !== undefined && {
      staleWhileRevalidateSeconds: cache.stale_while_revalidate_seconds,
    }),
    ...(cache.stale_if_error_seconds !== undefined && { staleIfErrorSeconds: cache.stale_if_error_seconds }),
  };
}
