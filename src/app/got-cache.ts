import { createGotRequest, type GotRequest } from '../fetch/got.ts';
import type { NativeRequest } from '../fetch/got-exchange.ts';
import type { ClientCacheOptions } from './client-cache-options.ts';
import { type ClientCacheHandle, openClientCache } from './open-client-cache.ts';

export interface GotCacheOptions extends ClientCacheOptions {
  /** Asks the origins, as `request` of `node:http` does, which is the default with that of `node:https`. */
  readonly request?: NativeRequest | undefined;
}

/** For got's option `request`. */
export type GotCache = GotRequest & ClientCacheHandle;

/**
 * An HTTP cache (RFC 9111) for got: `got.extend({ request: await gotCache(…) })`. Requests to the given services are answered
 * through it; got asks for all else itself. `isFromCache` of a response says whether it was a hit, `Cache-Status` (RFC 9211)
 * how it came about.
 * @throws CachegateError as `createCachedFetch` does
 */
export async function gotCache(options: GotCacheOptions = {}): Promise<GotCache> {
  const { request, ...rest } = options;
  const { parts, ...handle } = await openClientCache(rest);
  return Object.assign(createGotRequest({ ...parts, request }), handle);
}
