import { randomUUID } from 'node:crypto';
import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';
import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import { requestIdOf } from '../http/request-ids.ts';
import type { Tracing } from '../observe/tracing.ts';
import { unreadableOrigin } from '../response-cache/origin-error.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { CacheMode } from './cache-mode.ts';
import { type CallSettings, callSettingsOf, modeOf } from './call-settings.ts';
import { causeOf } from './caused-by.ts';
import { networkError } from './fetch-failure.ts';
import { placed } from './fetch-response.ts';
import { createServiceFinder, type FetchServiceOptions } from './fetch-service.ts';
import { createOriginFetch } from './origin-fetch.ts';
import type { PlatformDispatcher } from './platform-dispatcher.ts';
import { ownFetch, platformFetch } from './platform-fetch.ts';
import { isRedirect, MAX_REDIRECTS, redirected } from './redirect.ts';
import { type Content, contentOf } from './request-content.ts';
import { createServiceFetch, type ServiceFetchOptions } from './service-fetch.ts';
import { createTracedFetch } from './traced-fetch.ts';

export interface RoutedFetchOptions extends ServiceFetchOptions {
  readonly keys: StoreKeys;
  readonly services: readonly FetchServiceOptions[];
  /** Asks the origins: takes this runtime's `Request`, and has no cache. By default what stands in `globalThis` now. */
  readonly fetch?: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly background: Background;
  /** `null`: nobody traces requests. */
  readonly tracing?: Tracing | null;
}

/** What a call of the cached `fetch` is given beside what `fetch` takes. */
export interface CachedRequestInit extends RequestInit {
  /** As the Fetch standard has it, whatever the types of the runtime say. */
  cache?: CacheMode;
  readonly cachegate?: CallSettings | undefined;
}

/** `fetch`, which takes settings for the cache too. */
export type RoutedFetch = (input: Input, init?: CachedRequestInit) => Promise<Response>;

type Input = Parameters<typeof globalThis.fetch>[0];

/** What holds for all requests of one call. */
interface Call extends Pick<Request, 'redirect' | 'cache'> {
  readonly settings: CallSettings;
  readonly signal: AbortSignal;
  readonly dispatcher: PlatformDispatcher;
  readonly correlationId: () => string;
}

/**
 * `fetch` (Fetch standard) through an HTTP cache (RFC 9111), for the URLs of the given services; any other goes straight
 * on. `Cache-Status` (RFC 9211) of a response says how it came about.
 *
 * It rejects as `fetch` does: with the signal's reason, or with a TypeError. Where an origin has failed, its `cause` is a
 * CachegateError `ERR_ORIGIN_CONNECT`, `ERR_ORIGIN_TIMEOUT` or `ERR_ORIGIN_PROTOCOL`; `ERR_FETCH_UNSUPPORTED` where
 * `only-if-cached` finds nothing, or a redirect asks again for content that can't be sent twice. A TypeError too for
 * settings (`init.cachegate`) that make no sense.
 */
export function createRoutedFetch(options: RoutedFetchOptions): RoutedFetch {
  const { fetch = platformFetch, clock, background, observer, tracing = null } = options;
  const serviceOf = createServiceFinder(options.services, options.keys);
  const originFetch = createOriginFetch(ownFetch(fetch), clock);
  const plain = createServiceFetch(options);
  const serviceFetch = tracing === null ? plain : createTracedFetch(plain, tracing);

  async function fetchOnce(request: Request, content: Content | null, call: Call): Promise<Response> {
    const service = serviceOf(request.url);
    const { cache: mode, signal, dispatcher } = call;
    if (service === null) {
      const settings = { cache: mode, ...(dispatcher !== undefined && { dispatcher }) };
      return fetch(request, { redirect: 'manual', signal, ...settings });
    }
    const target = service.targetOf(request.url)!;
    return serviceFetch({ service, target, request, content, mode, originFetch, observer, ...call });
  }

  async function follow(first: Request, content: Content | null, call: Call): Promise<Response> {
    let request = first;
    let left = content;
    for (let hops = 0; ; hops++) {
      const response = await fetchOnce(request, left, call);
      const next = isRedirect(response.status) ? onRedirect(call, request, left, response) : null;
      if (next === null) return placed(response, request.url.split('#', 1)[0]!, hops > 0);
      if (hops === MAX_REDIRECTS) throw networkError(unreadableOrigin('redirects without end'));
      left = next.body === null ? null : left;
      request = next;
    }
  }

  /** Where to go on; `null`: nowhere. What the redirect itself says is read, so that it can be stored. */
  function onRedirect(
    { redirect }: Call,
    request: Request,
    content: Content | null,
    response: Response,
  ): Request | null {
    if (redirect === 'manual') return null;
    try {
      if (redirect === 'error') throw networkError(unreadableOrigin('an unexpected redirect'));
      const next = redirected(request, content, response);
      if (next !== null) readAway(response);
      return next;
    } catch (error) {
      readAway(response);
      throw error;
    }
  }

  function readAway(response: Response): void {
    if (!background.run(() => drain(response))) response.body?.cancel().catch(() => {});
  }

  return async (input, init) => {
    const uri = uriOf(input);
    const service = uri === null ? null : serviceOf(uri);
    if (service === null) return fetch(input, init);
    const signal = signalOf(input, init);
    // Without its signal, to which each request made would add a listener for as long as the request is there.
    const request = new Request(input, { ...init, signal: null });
    if (isBeyondCaching(request)) {
      await service.budget?.admit({ signal }).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : networkError(error);
      });
      return fetch(request, { signal });
    }
    signal.throwIfAborted();
    const { redirect } = request;
    const settings = callSettingsOf(init?.cachegate);
    const cache = modeOf(request.cache, settings);
    const correlationId = correlationOf(request, init);
    const call = { redirect, cache, settings, signal, dispatcher: init?.dispatcher, correlationId };
    return follow(request, contentOf(request, init?.body), call);
  };
}

// One for each call where there is none: looking for one of many listeners takes time.
function signalOf(input: Input, init: RequestInit | undefined): AbortSignal {
  const given = init?.signal === undefined && input instanceof Request ? input.signal : init?.signal;
  const signal = given ?? new AbortController().signal;
  // Many calls may well have one signal; the runtime's fetch raises the bound too.
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(MANY_LISTENERS, signal);
  return signal;
}

// Each call has up to four of them.
const MANY_LISTENERS = 4 * 1_500;

/** Made only when somebody asks. */
function correlationOf({ headers }: Request, init: RequestInit | undefined): () => string {
  let id: string | undefined;
  return () => {
    id ??= requestIdOf((name) => headers.get(name)) ?? causeOf(init)?.correlationId() ?? randomUUID();
    return id;
  };
}

function uriOf(input: Input): string | null {
  const text = input instanceof Request ? input.url : String(input);
  return URL.canParse(text) ? new URL(text).href : null;
}

// What a cache can't vouch for: other bytes than were named, or what is at another host than the URL says.
function isBeyondCaching({ integrity, headers, url }: Request): boolean {
  const host = headers.get('host');
  return integrity !== '' || (host !== null && host !== new URL(url).host);
}

const DRAINED_BYTES = 64 * 1024;
const DRAINED_MS = 10_000;

/** Reads the content of a redirect, which is short and there soon; of another the rest is let go. */
async function drain({ body }: Response): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  const timer = setTimeout(leave, DRAINED_MS);
  try {
    for (let length = 0; length <= DRAINED_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) return;
      length += value.length;
    }
    leave();
  } catch {
    // Nobody wants it.
  } finally {
    clearTimeout(timer);
  }
}
