import { CachegateError } from '../../errors.ts';
import type { CacheAnswer } from '../../response-cache/cache-request.ts';
import { contentDigest } from '../../response-cache/content-digest.ts';
import type { ResponseCache } from '../../response-cache/response-cache.ts';
import { ABSENT, type Reading, readOne } from '../../store/reading.ts';
import type { MaybePromise, Store } from '../../store/store.ts';
import { type Answer, errorAnswer } from '../answer.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { Destination } from '../location.ts';
import { readContent } from '../request-content.ts';
import { ServiceRequest } from '../service-request.ts';
import { ONLY_IF_CACHED, ORIGIN_HOLDS_OFF } from '../texts.ts';
import type { Upstream } from '../upstream.ts';

const STORE_AWAY: Reading = {
  ok: false,
  error: new CachegateError('ERR_STORE_UNAVAILABLE', 'Store unavailable'),
};

/** The last step where responses are cached: from the store, or from the origin through the cache. */
export function createCachedRespondStep(upstream: Upstream, cache: ResponseCache, store: Store): Step {
  function read(exchange: Exchange, key: string): MaybePromise<Reading> {
    const { method } = exchange.request;
    if (method !== 'GET' && method !== 'HEAD') return ABSENT;
    return exchange.early?.response ?? readUnlessAway(exchange, key);
  }

  function readUnlessAway(exchange: Exchange, key: string): MaybePromise<Reading> {
    exchange.lookupStartedAt = performance.now();
    return (exchange.responseAway ?? exchange.storeAway) ? STORE_AWAY : readOne(store, key);
  }

  function noted(exchange: Exchange, answer: CacheAnswer): Answer {
    const { outcome } = answer;
    exchange.outcome = outcome;
    if (outcome.detail === undefined) return answer;
    if (outcome.detail === 'only-if-cached') return errorAnswer(504, ONLY_IF_CACHED);
    return outcome.detail === 'retry-after'
      ? errorAnswer(answer.status, ORIGIN_HOLDS_OFF, answer.fields)
      : answer;
  }

  function respond(
    exchange: Exchange,
    request: ServiceRequest,
    reading: MaybePromise<Reading>,
  ): MaybePromise<Answer> {
    const answer =
      reading instanceof Promise
        ? reading.then((result) => cache.respond(request, result))
        : cache.respond(request, reading);
    return answer instanceof Promise
      ? answer.then((result) => noted(exchange, result))
      : noted(exchange, answer);
  }

  /** Where the content is part of the key, it is read first. */
  async function respondByContent(exchange: Exchange, destination: Destination): Promise<Answer> {
    const { request } = exchange;
    const content = await readContent(request, upstream.maxKeyBodyBytes);
    if (content.kind === 'longer') {
      return forward(exchange, new ServiceRequest(exchange, destination, upstream, null, content.body));
    }
    const { bytes } = content;
    const digest = contentDigest((name) => request.field(name), bytes);
    const key = upstream.contentKeyOf(request.method, destination.target, digest, exchange.part);
    exchange.responseKey = key;
    const keyed = new ServiceRequest(exchange, destination, upstream, { key, bytes });
    return respond(exchange, keyed, readUnlessAway(exchange, key));
  }

  return (exchange) => {
    const { destination } = exchange;
    if (destination.refused !== null) return refused(destination);
    if (upstream.keyedMethods.has(exchange.request.method)) return respondByContent(exchange, destination);
    const request = new ServiceRequest(exchange, destination, upstream);
    if (request.hasUnkeyedContent) return forward(exchange, request);
    return respond(exchange, request, read(exchange, exchange.responseKey));
  };
}

/** The last step where nothing is cached: each request goes to the origin. */
export function createForwardStep(upstream: Upstream): Step {
  return (exchange) => {
    const { destination } = exchange;
    if (destination.refused !== null) return refused(destination);
    return forward(exchange, new ServiceRequest(exchange, destination, upstream));
  };
}

async function forward(exchange: Exchange, request: ServiceRequest): Promise<Answer> {
  const response = await request.forward({ conditions: [], whole: false, signal: request.signal });
  const { status, body, trailers } = response;
  exchange.outcome = { hit: false, fwd: 'bypass', fwdStatus: status };
  return { status, fields: request.present(response.fields), body, trailers };
}

function refused({ refused, failure }: Destination): Answer {
  if (failure !== undefined) throw failure;
  return refused!;
}
