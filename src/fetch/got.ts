import { type ClientRequest, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock } from '../clock.ts';
import { hasField } from '../http/fields.ts';
import type { Tracing } from '../observe/tracing.ts';
import type { StoreKeys } from '../store/keys.ts';
import { createServiceFinder, type FetchServiceOptions } from './fetch-service.ts';
import type { NativeRequest } from './got-exchange.ts';
import { asClientRequest, CachedClientRequest } from './got-request.ts';
import { createInterceptedCache, type InterceptedCacheOptions } from './interceptor-cache.ts';
import { requestFields } from './interceptor-fields.ts';
import { createTracedCache } from './interceptor-traced.ts';

export interface GotRequestOptions extends InterceptedCacheOptions {
  readonly keys: StoreKeys;
  readonly services: readonly FetchServiceOptions[];
  readonly clock: Clock;
  readonly tracing?: Tracing | null;
  /** Asks the origins. By default `request` of `node:http` or `node:https`. */
  readonly request?: NativeRequest | undefined;
}

/** What got's option `request` takes. `undefined`: got asks for it as if there were no cache. */
export type GotRequest = (url: URL, options: RequestOptions) => ClientRequest | undefined;

/** A function for got's option `request`: answers requests to the given services through the cache. */
export function createGotRequest(options: GotRequestOptions): GotRequest {
  const { clock, tracing = null, request = native } = options;
  const serviceOf = createServiceFinder(options.services, options.keys);
  const plain = createInterceptedCache(options);
  const answerOf = tracing === null ? plain : createTracedCache(plain, tracing);

  return (url, asked) => {
    // What is behind a socket of this machine is not what its URL says; credentials that are no field say whose it is.
    if (asked.socketPath || asked.auth) return undefined;
    const uri = url.origin + url.pathname + url.search;
    const service = serviceOf(uri);
    const fields = service === null ? null : requestFields(asked.headers);
    if (service === null || fields === null) return undefined;
    // Neither is what another host's name is put to, and a tunnel is no answer.
    if (hasField(fields, 'host') || hasField(fields, 'upgrade')) return undefined;
    const target = service.targetOf(uri)!;
    return asClientRequest(
      new CachedClientRequest({ service, target, fields, options: asked, answerOf, request, clock }),
    );
  };
}

function native(url: URL, options: RequestOptions): ClientRequest {
  return url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
}
