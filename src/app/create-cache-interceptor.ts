import { createInterceptor } from '../fetch/interceptor.ts';
import type { ClientCacheOptions } from './client-cache-options.ts';
import { type ClientCacheHandle, openClientCache } from './open-client-cache.ts';

export interface CacheInterceptorOptions extends ClientCacheOptions {
  /** Where requests go that name no origin of their own: those of a `Client` or a `Pool`. */
  readonly origin?: string | URL | undefined;
}

/** For `Dispatcher.compose` of undici 6, 7 and 8. */
export interface CacheInterceptor extends ClientCacheHandle {
  <Dispatch extends (options: never, handler: never) => boolean>(dispatch: Dispatch): Dispatch;
}

/**
 * An HTTP cache (RFC 9111) for an application's own undici: requests to the given services are answered through it, all else
 * goes straight on. `Cache-Status` (RFC 9211) of a response says how it came about; what the cache itself fails with is never
 * a request's failure.
 * @throws CachegateError as `createCachedFetch` does
 */
export async function createCacheInterceptor(
  options: CacheInterceptorOptions = {},
): Promise<CacheInterceptor> {
  const { origin, ...rest } = options;
  const { parts, ...handle } = await openClientCache(rest);
  return Object.assign(createInterceptor({ ...parts, origin }) as never, handle);
}
