import { type CachedRequestInit, createRoutedFetch } from '../fetch/routed-fetch.ts';
import type { ClientCacheOptions } from './client-cache-options.ts';
import { type ClientCacheHandle, openClientCache } from './open-client-cache.ts';

export interface CachedFetchOptions extends ClientCacheOptions {
  /** Asks the origins: a `fetch` that takes this runtime's `Request`, and has no cache. Default: the runtime's own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** `fetch` through an HTTP cache (RFC 9111): takes what `fetch` takes, and settings for the cache in `init.cachegate`. */
export interface CachedFetch extends ClientCacheHandle {
  (input: Parameters<typeof globalThis.fetch>[0], init?: CachedRequestInit): Promise<Response>;
}

/**
 * Makes a cached `fetch` for the URLs of the services in `options`; a request to any other goes straight on. What goes wrong
 * in the cache no caller is told: the origin is asked instead.
 *
 * @throws CachegateError as `openClientCache` does
 */
export async function createCachedFetch(options: CachedFetchOptions = {}): Promise<CachedFetch> {
  const { fetch: given, ...rest } = options;
  const { parts, ...handle } = await openClientCache(rest);
  const fetch = createRoutedFetch({ ...parts, ...(given !== undefined && { fetch: given }) });
  return Object.assign(fetch, handle);
}
