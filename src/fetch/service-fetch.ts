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
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isKeyed = service.keyedMethods.has(request.method);
    // As if there were no cache; but what an unsafe method makes invalid it makes invalid for others.
    const isPast = service.uncached || (mode === 'no-store' && (isRead || isKeyed));
    if (isPast) return past(new FetchRequest(asked));
    if (isKeyed) return byContent(asked);
    const fetched = new FetchRequest(asked);
    return isRead ? byKey(fetched) : told(fetched, await responses.respond(fetched, ABSENT));
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
    );
    return byKey(new FetchRequest(asked, { key, bytes: read.bytes }));
  }

  async function past(request: FetchRequest): Promise<CacheAnswer> {
    const response = await request.forward({ conditions: [], whole: false, signal: request.signal });
    const { status, body } = response;
    const outcome = { hit: false, fwd: 'bypass', fwdStatus: status } as const;
    return told(request, { status, fields: request.present(response.fields), body, outcome });
  }

  /** The origin's budget is spent, and nothing stored may stand in. */
  function notAsked(asked: Asked, retryAfterMs: number): CacheAnswer {
    const fields = ['retry-after', String(Math.ceil(retryAfterMs / 1000))];
    const outcome = { hit: false, detail: 'origin-budget' } as const;
    return told(new FetchRequest(asked), { status: 503, fields, body: null, outcome });
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
    return method === 'GET' || method === 'HEAD' || service.keyedMethods.has(method) ? 'miss' : 'method';
  }

  return async (asked) => {
    const { request, signal, mode } = asked;
    let found: CacheAnswer;
    try {
      // What others share goes on for them; a caller that leaves is told at once.
      found = await unlessAborted(signal, answer(asked), letGo);
    } catch (error) {
      if (signal.aborted || !isHeldBack(error)) throw failed(asked, error);
      found = notAsked(asked, error.retryAfterMs);
    }
    // RFC 9111 answers 504 to who asks by a field; fetch fails for who asks by its mode.
    if (found.outcome.detail === 'only-if-cached' && mode === 'only-if-cached') {
      throw networkError(new CachegateError('ERR_FETCH_UNSUPPORTED', ONLY_IF_CACHED));
    }
    return toResponse(worded(found), request, signal);
  };
}

const ONLY_IF_CACHED = 'No stored response, and the request asked for nothing else';
const TEXTS: Readonly<Record<string, string>> = {
  'retry-after': 'The origin asks for a pause',
  'origin-budget': 'The origin may not be asked more often now',
};

/** What the cache says by itself gets a text. */
function worded(answer: CacheAnswer): CacheAnswer {
  const { detail } = answer.outcome;
  if (detail === undefined) return answer;
  const body = Buffer.from(JSON.stringify({ error: TEXTS[detail] ?? ONLY_IF_CACHED }));
  const fields = [...answer.fields, 'content-type', 'application/json', 'cache-control', 'no-store'];
  return { ...answer, body, fields };
}

// There is no response to have one; it counts as a gateway's would.
const FAILED_STATUS = 502;

function isOrigins(error: unknown): error is CachegateError {
  return error instanceof CachegateError && error.code.startsWith('ERR_ORIGIN_');
}

function letGo({ body }: CacheAnswer): void {
  if (body !== null && !Buffer.isBuffer(body)) body.destroy();
}
