import { CachegateError } from '../errors.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { CacheAnswer } from '../response-cache/cache-request.ts';
import { contentDigest } from '../response-cache/content-digest.ts';
import { isHeldBack } from '../response-cache/origin-error.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import { ABSENT, readOne } from '../store/reading.ts';
import type { Store } from '../store/store.ts';
import { networkError } from './fetch-failure.ts';
import { type Asked, FetchRequest } from './fetch-request.ts';
import { toResponse } from './fetch-response.ts';
import { FAILED_STATUS, isOrigins, isRead, letGo, notAsked, ONLY_IF_CACHED, worded } from './own-answers.ts';
import { readContent } from './request-content.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface ServiceFetchOptions {
  readonly responses: ResponseCache;
  readonly store: Store;
  readonly observer: RequestObserver;
}

/**
 * Answers a request to a service, through the cache, without following a redirect.
 * @throws the reason of its signal, or TypeError with a cause (`ERR_ORIGIN_*`)
 */
export type ServiceFetch = (asked: Asked) => Promise<Response>;

export function createServiceFetch({ responses, store, observer }: ServiceFetchOptions): ServiceFetch {
  async function answer(asked: Asked): Promise<CacheAnswer> {
    const { service, request, mode } = asked;
    const isReading = isRead(request.method);
    const isKeyed = service.keyedMethods.has(request.method);
    // As if there were no cache; but what an unsafe method makes invalid it makes invalid for others.
    const isPast = service.uncached || (mode === 'no-store' && (isReading || isKeyed));
    if (isPast) return past(new FetchRequest(asked));
    if (isKeyed) return byContent(asked);
    const fetched = new FetchRequest(asked);
    return isReading ? byKey(fetched) : told(fetched, await responses.respond(fetched, ABSENT));
  }

  async function byKey(request: FetchRequest): Promise<CacheAnswer> {
    request.timing.lookupStartedAt = performance.now();
    return told(request, await responses.respond(request, await readOne(store, request.key)));
  }

  function told(request: FetchRequest, answer: CacheAnswer): CacheAnswer {
    observer.requestAnswered?.(request.service, answer.status, request.answered(answer.outcome));
    return answer;
  }

  /** Where the content is part of the key, it is read first. */
  async function byContent(asked: Asked): Promise<CacheAnswer> {
    const { service, request } = asked;
    const read = await readContent(request, asked.content, service.maxKeyBodyBytes, asked.signal);
    if (read.kind === 'longer') return past(new FetchRequest({ ...asked, content: read.content }));
    const target = service.normalised(asked.target);
    const key = service.contentKeyOf(
      request.method,
      target,
      contentDigest((name) => request.headers.get(name), read.bytes),
      request.headers.get('authorization'),
    );
    return byKey(new FetchRequest(asked, { key, bytes: read.bytes }));
  }

  async function past(request: FetchRequest): Promise<CacheAnswer> {
    const response = await request.forward({ conditions: [], whole: false, signal: request.signal });
    const { status, body } = response;
    const outcome = { hit: false, fwd: 'bypass', fwdStatus: status } as const;
    return told(request, { status, fields: request.present(response.fields), body, outcome });
  }

  function failed(asked: Asked, error: unknown): unknown {
    const { service, signal } = asked;
    if (signal.aborted) return signal.reason;
    if (isOrigins(error)) {
      observer.originFailed?.(service.name, error, asked);
      const outcome = { hit: false, fwd: wayOf(asked), detail: error.code } as const;
      observer.requestAnswered?.(service.name, FAILED_STATUS, new FetchRequest(asked).answered(outcome));
    } else observer.requestFailed?.(service.name, error, asked);
    return networkError(error);
  }

  /** Why the origin was asked, as far as what failed can say. */
  function wayOf({ service, request: { method }, mode }: Asked): 'bypass' | 'method' | 'miss' {
    if (service.uncached || mode === 'no-store') return 'bypass';
    return isRead(method) || service.keyedMethods.has(method) ? 'miss' : 'method';
  }

  /** What there is where the cache has no answer. @throws what the caller is told */
  async function insteadOf(error: unknown, asked: Asked): Promise<CacheAnswer> {
    const { service, signal } = asked;
    if (!signal.aborted && isHeldBack(error)) {
      return told(new FetchRequest(asked), notAsked(error.retryAfterMs));
    }
    if (signal.aborted || isOrigins(error) || !mayAskPast(asked)) throw failed(asked, error);
    // A fault of the cache is none of who fetches.
    observer.requestFailed?.(service.name, error, asked);
    return unlessAborted(signal, past(new FetchRequest(asked)), letGo).catch((later: unknown) => {
      throw failed(asked, later);
    });
  }

  return async (asked) => {
    const { request, signal, mode } = asked;
    // What others share goes on for them; a caller that leaves is told at once.
    const found = await unlessAborted(signal, answer(asked), letGo).catch((error: unknown) =>
      insteadOf(error, asked),
    );
    // RFC 9111 answers 504 to who asks by a field; fetch fails for who asks by its mode.
    if (found.outcome.detail === 'only-if-cached' && mode === 'only-if-cached') {
      throw networkError(new CachegateError('ERR_FETCH_UNSUPPORTED', ONLY_IF_CACHED));
    }
    return toResponse(worded(found), request, signal);
  };
}

function mayAskPast({ request: { method }, mode }: Asked): boolean {
  return isRead(method) && mode !== 'only-if-cached';
}
