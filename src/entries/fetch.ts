export type { ClientCacheOptions } from '../app/client-cache-options.ts';
export {
  type CacheInterceptor,
  type CacheInterceptorOptions,
  createCacheInterceptor,
} from '../app/create-cache-interceptor.ts';
export { type CachedFetch, type CachedFetchOptions, createCachedFetch } from '../app/create-cached-fetch.ts';
export { type GotCache, type GotCacheOptions, gotCache } from '../app/got-cache.ts';
export type { ClientCacheHandle } from '../app/open-client-cache.ts';
export { CachegateError, type ErrorCode, hasCode } from '../errors.ts';
export { cacheOutcomeOf, type WithFields } from '../fetch/cache-outcome.ts';
export type { CallSettings } from '../fetch/call-settings.ts';
export type { CachedRequestInit } from '../fetch/routed-fetch.ts';
export type { Log } from '../observe/log.ts';
export type { CacheOutcome } from '../observe/outcome.ts';
export type { Stats, StatsOff } from '../statistics/stats.ts';
export type { Store } from '../store/store.ts';
