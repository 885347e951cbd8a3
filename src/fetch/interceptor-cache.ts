import { fieldValue } from '../http/fields.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { CacheAnswer } from '../response-cache/cache-request.ts';
import { contentDigest } from '../response-cache/content-digest.ts';
import { isHeldBack } from '../response-cache/origin-error.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import { ABSENT, readOne } from '../store/reading.ts';
import type { Store } from '../store/store.ts';
import { readBody } from './interceptor-content.ts';
import { type Intercepted, InterceptedRequest } from './interceptor-request.ts';
import { FAILED_STATUS, isOrigins, isRead, letGo, notAsked, worded } from './own-answers.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface InterceptedCacheOptions {
  readonly responses: ResponseCache;
  readonly store: Store;
  readonly observer: RequestObserver;
}

/**
 * Answers a request of an application's own HTTP client through the cache. What the cache itself fails with costs the
 * cache, and not the request.
 * @throws the reason of its signal; what the client has failed with
 */
export type InterceptedCache = (asked: Intercepted) => Promise<CacheAnswer>;

export function createInterceptedCache({
  responses,
  store,
  observer,
}: InterceptedCacheOptions): InterceptedCache {
  async function answer(asked: Intercepted): Promise<CacheAnswer> {
    const { service, method, body } = asked;
    if (service.uncached) return past(asked);
    if (service.keyedMethods.has(method)) return byContent(asked);
    if (!isRead(method)) {
      const request = new InterceptedRequest(asked, observer);
      return told(request, await responses.respond(request, ABSENT));
    }
    // What content means to a request for a representation, nobody has said (RFC 9110 §9.3.1).
    const read = await readBody(body, 0, asked.signal);
    if (read.kind === 'longer') return past({ ...asked, body: read.body });
    return byKey(new InterceptedRequest({ ...asked, body: null }, observer));
  }

  async function byKey(request: InterceptedRequest): Promise<CacheAnswer> {
    request.timing.lookupStartedAt = performance.now();
    return told(request, await responses.respond(request, await readOne(store, request.key)));
  }

  /** Where the content is part of the key, it is read first. */
  async function byContent(asked: Intercepted): Promise<CacheAnswer> {
    const { service, method, target, fields } = asked;
    const read = await readBody(asked.body, service.maxKeyBodyBytes, asked.signal);
    if (read.kind === 'longer') return past({ ...asked, body: read.body });
    // A copy, for it may be sent again when the caller has written to its own.
    const bytes = Buffer.from(read.bytes);
    const digest = contentDigest((name) => fieldValue(fields, name), bytes);
    const key = service.contentKeyOf(
      method,
      service.normalised(target),
      digest,
      fieldValue(fields, 'authorization'),
    );
    return byKey(new InterceptedRequest(asked, observer, { key, bytes }));
  }

  function told(request: InterceptedRequest, answer: CacheAnswer): CacheAnswer {
    observer.requestAnswered?.(request.service, answer.status, request.answered(answer.outcome));
    return answer;
  }

  /** As if there were no cache. */
  async function past(asked: Intercepted): Promise<CacheAnswer> {
    const request = new InterceptedRequest(asked, observer);
    const response = await request.forward({ conditions: [], whole: false, signal: request.signal });
    const { status, fields, body, trailers } = response;
    const outcome = { hit: false, fwd: 'bypass', fwdStatus: status } as const;
    return told(request, { status, fields: request.present(fields), body, trailers, outcome });
  }

  /** @throws what its client has failed with, or would without a cache */
  async function rescued(asked: Intercepted, error: unknown): Promise<CacheAnswer> {
    const { service, signal, method } = asked;
    signal.throwIfAborted();
    if (isHeldBack(error)) return told(new InterceptedRequest(asked, observer), notAsked(error.retryAfterMs));
    if (isOrigins(error)) {
      observer.originFailed?.(service.name, error, asked);
      const request = new InterceptedRequest(asked, observer);
      const fwd = service.uncached
        ? 'bypass'
        : isRead(method) || service.keyedMethods.has(method)
          ? 'miss'
          : 'method';
      const outcome = { hit: false, fwd, detail: error.code } as const;
      observer.requestAnswered?.(service.name, FAILED_STATUS, request.answered(outcome));
      throw error;
    }
    observer.requestFailed?.(service.name, error, asked);
    // A fault of the cache's own; only what has been asked for perhaps, and changes something there, is not asked for again.
    if (!isRead(method)) throw error;
    return past({ ...asked, body: null });
  }

  return async (asked) => {
    const { signal } = asked;
    signal.throwIfAborted();
    try {
      // What others share goes on for them; a caller that leaves is told at once.
      return finished(asked, await unlessAborted(signal, answer(asked), letGo));
    } catch (error) {
      return finished(asked, await rescued(asked, error).catch(asClients));
    }
  };
}

/** What the cache says by itself gets a text; what a HEAD asks for has none (RFC 9110 §9.3.2). */
function finished({ method }: Intercepted, answer: CacheAnswer): CacheAnswer {
  if (method !== 'HEAD') return worded(answer);
  letGo(answer);
  return { ...worded(answer), body: null };
}

/** @throws what the client itself has failed with */
function asClients(error: unknown): never {
  throw isOrigins(error) && error.cause instanceof Error ? error.cause : error;
}
