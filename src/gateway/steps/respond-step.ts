import { CachegateError } from '../../errors.ts';
import type { CacheAnswer } from '../../response-cache/cache-request.ts';
import type { ResponseCache } from '../../response-cache/response-cache.ts';
import { type Reading, readOne } from '../../store/reading.ts';
import type { MaybePromise, Store } from '../../store/store.ts';
import { type Answer, errorAnswer } from '../answer.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { Destination } from '../location.ts';
import { ServiceRequest } from '../service-request.ts';
import { ONLY_IF_CACHED } from '../texts.ts';
import type { Upstream } from '../upstream.ts';

const STORE_AWAY: Reading = {
  ok: false,
  error: new CachegateError('ERR_STORE_UNAVAILABLE', 'Store unavailable'),
};

/** The last step where responses are cached: from the store, or from the origin through the cache. */
export function createCachedRespondStep(upstream: Upstream, cache: ResponseCache, store: Store): Step {
  function read(exchange: Exchange, key: string): MaybePromise<Reading> {
    if (exchange.storeAway) return STORE_AWAY;
    return exchange.early?.response ?? readOne(store, key);
  }

  function noted(exchange: Exchange, answer: CacheAnswer): Answer {
    exchange.outcome = answer.outcome;
    return answer.outcome.detail === 'only-if-cached' ? errorAnswer(504, ONLY_IF_CACHED) : answer;
  }

  return (exchange) => {
    const { destination } = exchange;
    if (destination.refused !== null) return refused(destination);
    const request = new ServiceRequest(exchange, destination, upstream);
    if (request.hasUnkeyedContent) return forward(exchange, request);
    const reading = read(exchange, destination.key);
    const answer =
      reading instanceof Promise
        ? reading.then((result) => cache.respond(request, result))
        : cache.respond(request, reading);
    return answer instanceof Promise
      ? answer.then((result) => noted(exchange, result))
      : noted(exchange, answer);
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
  exchange.outcome = { hit: false, fwd: 'bypass', fwdStatus: response.status };
  return { status: response.status, fields: request.present(response.fields), body: response.body };
}

function refused({ refused, failure }: Destination): Answer {
  if (failure !== undefined) throw failure;
  return refused!;
}
