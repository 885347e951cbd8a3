import type { Clock } from '../clock.ts';
import { CachegateError } from '../errors.ts';
import { formatCacheStatus } from '../http/cache-status.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { Tracing } from '../observe/tracing.ts';
import { OriginBudgetError } from '../origin-budget/origin-budget-error.ts';
import { CACHE_NAME } from '../response-cache/entry.ts';
import type { MaybePromise } from '../store/store.ts';
import { type Answer, errorAnswer, refusal } from './answer.ts';
import { Exchange, type Step } from './exchange.ts';
import { createLocator } from './location.ts';
import type { PurgeEndpoint } from './purge-endpoint.ts';
import type { GateRequest } from './request.ts';
import type { Service } from './service.ts';
import { ORIGIN_BUDGET_SPENT } from './texts.ts';

export interface GatewayOptions {
  readonly services: readonly Service[];
  readonly clock: Clock;
  readonly observer: RequestObserver;
  /** What answers `PURGE`; `null`: it is a method like any other. */
  readonly purge?: PurgeEndpoint | null;
  /** `null`: nobody traces requests. */
  readonly tracing?: Tracing | null;
}

export interface Gateway {
  /** Answers a request: at once where all is at hand. Never throws or rejects; what goes wrong is an answer too. */
  handle(request: GateRequest): MaybePromise<Answer>;
}

/** The way of every request: find its service, then go through the service's steps until one answers. */
export function createGateway(options: GatewayOptions): Gateway {
  const { services, clock, observer, purge = null, tracing = null } = options;
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
    if (error instanceof OriginBudgetError) return notAsked(exchange, error);
    if (!(error instanceof CachegateError && error.code.startsWith('ERR_ORIGIN_'))) {
      if (!hasLeft(exchange, error)) observer.requestFailed?.(service.name, error, exchange);
      return refusal(500);
    }
    exchange.outcome = { hit: false, fwd: forwardedFor(service, exchange), detail: error.code };
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
    observer.requestAnswered?.(service.name, statusFor(exchange, status), exchange);
    return { status, fields, body, trailers, stallMs: service.stallMs, tunnel };
  }

  function handle(request: GateRequest): MaybePromise<Answer> {
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
  }

  if (tracing === null) return { handle };
  return { handle: (request) => tracing.request('served', request, () => handle(request)) };
}

/** Why a request went to its origin: what no cache could have answered is no miss when that fails, either. */
function forwardedFor(
  { parts, keyedMethods }: Service,
  { request: { method, body } }: Exchange,
): 'bypass' | 'method' | 'miss' {
  if (parts.cache === null) return 'bypass';
  if (keyedMethods.includes(method)) return 'miss';
  if (method !== 'GET' && method !== 'HEAD') return 'method';
  return body === null ? 'miss' : 'bypass';
}

/** The origin's budget is spent, and nothing stored may stand in. */
function notAsked(exchange: Exchange, { retryAfterMs }: OriginBudgetError): Answer {
  exchange.outcome = { hit: false, detail: 'origin-budget' };
  return errorAnswer(503, ORIGIN_BUDGET_SPENT, ['Retry-After', String(Math.ceil(retryAfterMs / 1000))]);
}

/** What an answer that nobody is there to read is told as: it says nothing of how the gate or its origin fare. */
const CLIENT_LEFT = 499;

function statusFor({ request }: Exchange, status: number): number {
  return status >= 500 && request.signal.aborted ? CLIENT_LEFT : status;
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
