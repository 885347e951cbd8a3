import { stringify } from 'node:querystring';
import type { Clock } from '../clock.ts';
import { fieldValue } from '../http/fields.ts';
import type { Tracing } from '../observe/tracing.ts';
import type { StoreKeys } from '../store/keys.ts';
import { createServiceFinder, type FetchServiceOptions } from './fetch-service.ts';
import { createInterceptedCache, type InterceptedCacheOptions } from './interceptor-cache.ts';
import { InterceptedCall, type Located } from './interceptor-call.ts';
import type { Dispatch, DispatchOptions } from './interceptor-dispatch.ts';
import { requestFields } from './interceptor-fields.ts';
import { createTracedCache } from './interceptor-traced.ts';

export interface InterceptorOptions extends InterceptedCacheOptions {
  readonly keys: StoreKeys;
  readonly services: readonly FetchServiceOptions[];
  readonly clock: Clock;
  /** `null`: nobody traces requests. */
  readonly tracing?: Tracing | null;
  /** Where requests go that name no origin: those of a Client or a Pool. */
  readonly origin?: string | URL | undefined;
}

/**
 * An interceptor for undici's `Dispatcher.compose`: answers requests to the given services through the cache, and passes all
 * else on, tunnels and upgrades too. Contents are as they came, with their codings.
 */
export function createInterceptor(options: InterceptorOptions): (dispatch: Dispatch) => Dispatch {
  const { clock, origin, tracing = null } = options;
  const serviceOf = createServiceFinder(options.services, options.keys);
  const plain = createInterceptedCache(options);
  const answerOf = tracing === null ? plain : createTracedCache(plain, tracing);

  function locate(request: DispatchOptions): Located | null {
    const uri = uriOf(request.origin ?? origin, request);
    const service = uri === null ? null : serviceOf(uri.href);
    const fields = service === null ? null : requestFields(request.headers);
    if (service === null || fields === null) return null;
    const host = fieldValue(fields, 'host');
    // What is at another host than its URL says can't be told apart by it.
    if (host !== undefined && host !== uri!.host) return null;
    return { service, target: service.targetOf(uri!.href)!, fields };
  }

  return (dispatch) => (request, handler) => {
    const located = mayBeCached(request) ? locate(request) : null;
    if (located === null) return dispatch(request, handler);
    void new InterceptedCall({ ...located, dispatch, request, handler, answerOf, clock }).run();
    return true;
  };
}

// A space has its meaning in keys.
const NO_PATH = /[^\x21-\xff]|#/;

/** Nothing but a request for what a URL names; what undici would refuse it is to refuse. */
function mayBeCached({ method, path, upgrade, query }: DispatchOptions): boolean {
  if (upgrade || method === 'CONNECT' || typeof method !== 'string') return false;
  if (typeof path !== 'string' || path[0] !== '/' || NO_PATH.test(path)) return false;
  return query == null || !path.includes('?');
}

interface AskedUri {
  readonly href: string;
  readonly host: string;
}

/** With the path as it is sent, byte for byte. */
function uriOf(origin: string | URL | null | undefined, { path, query }: DispatchOptions): AskedUri | null {
  const text = String(origin);
  if (origin == null || !URL.canParse(text)) return null;
  const { origin: place, host } = new URL(text);
  const asked = query == null ? '' : stringify(query as Parameters<typeof stringify>[0]);
  return { href: place + path + (asked === '' ? '' : `?${asked}`), host };
}
