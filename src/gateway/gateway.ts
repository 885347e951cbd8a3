import type { Clock } from '../clock.ts';
import { CachegateError } from '../errors.ts';
import { formatCacheStatus } from '../http/cache-status.ts';
import type { RequestObserver } from '../observe/observer.ts';
import { CACHE_NAME } from '../response-cache/entry.ts';
import type { MaybePromise } from '../store/store.ts';
import { type Answer, refusal } from './answer.ts';
import { Exchange, type Step } from './exchange.ts';
import { createLocator } from './location.ts';
import type { PurgeEndpoint } from './purge-endpoint.ts';
import type { GateRequest } from './request.ts';
import type { Service } from './service.ts';

export interface GatewayOptions {
  readonly services: readonly Service[];
  readonly clock: Clock;
  readonly observer: RequestObserver;
  /** What answers `PURGE`; `null`: it is a method like any other. */
  readonly purge?: PurgeEndpoint | null;
}

export interface Gateway {
  /** Answers a request: at once where all is at hand. Never throws or rejects; what goes wrong is an answer too. */
  handle(request: GateRequest): MaybePromise<Answer>;
}

/** The way of every request: find its service, then go through the service's steps until one answers. */
export function createGateway({ services, clock, observer, purge = null }: GatewayOptions): Gateway {
  const locate = createLocator(services);

  function walk(steps: readonly Step[], exchange: Exchange, from: number): MaybePromise<Answer> {
    for (let i = from; i < steps.length; i++) {
      const result = steps[i]!(exchange);
      if (result === null) continue;
      if (!(result instanceof Promise)) return result;
      return result.then((answer) => answer ?? walk(steps, exchange, i + 1));
    }
    throw new Error('no step answered');
  }

  function failed(service: Service, exchange: Exchange, error: unknown): Answer {
    if (!(error instanceof CachegateError && error.code.startsWith('ERR_ORIGIN_'))) {
      if (!hasLeft(exchange, error)) observer.requestFailed?.(service.name, error, exchange);
      return refusal(500);
    }
    exchange.outcome = { hit: false, fwd: 'miss', detail: error.code };
    // A client that left has no part in how its origin fared.
    if (!exchange.request.signal.aborted) observer.originFailed?.(service.name, error, exchange);
    // A transform makes an API of its own; how its origin failed is not the client's matter.
    return refusal(error.code === 'ERR_ORIGIN_TIMEOUT' && !service.transformed ? 504 : 502);
  }

  function finish(service: Service, exchange: Exchange, answer: Answer): Answer {
    const { outcome, corsFields } = exchange;
    const own: string[] = [];
    if (outcome === null) own.push('Cache-Status', NOT_ASKED);
    else if (!outcome.hit) own.push('Cache-Status', formatCacheStatus(CACHE_NAME, outcome));
    if (service.limits !== null) {
      const { policy, untouched } = service.limits;
      own.push('RateLimit-Policy', policy, 'RateLimit', exchange.rateLimit ?? untouched);
    }
    const fields = answer.fields.concat(corsFields, own);
    const { status, body, trailers, tunnel } = answer;
    return { status, fields, body, trailers, stallMs: service.stallMs, tunnel };
  }

  return {
    handle(request) {
      if (purge !== null && request.method === 'PURGE') {
        const answer = purge(request);
        return answer instanceof Promise ? answer.then(answeredAtOnce) : answeredAtOnce(answer);
      }
      const location = locate(request.method, request.target);
      if (location.service === null) return answeredAtOnce(location.refused);
      const { service, destination } = location;
      const exchange = new Exchange(request, destination, clock);
      try {
        const steps = destination.isLogout === true ? service.logoutSteps : service.steps;
        const answer = walk(steps, exchange, 0);
        if (!(answer instanceof Promise)) return finish(service, exchange, answer);
        return answer
          .catch((error: unknown) => failed(service, exchange, error))
          .then((result) => finish(service, exchange, result));
      } catch (error) {
        return finish(service, exchange, failed(service, exchange, error));
      }
    },
  };
}

/** The client gave up while something was waited for; nobody is there to read an answer. */
function hasLeft({ request }: Exchange, error: unknown): boolean {
  return request.signal.aborted && error instanceof Error && error.name === 'AbortError';
}

// The gate has answered by itself: neither a stored response nor the origin had a part in it.
const NOT_ASKED = formatCacheStatus(CACHE_NAME, { hit: false, detail: 'gate' });

function answeredAtOnce(answer: Answer): Answer {
  return { ...answer, fields: [...answer.fields, 'Cache-Status', NOT_ASKED] };
}
