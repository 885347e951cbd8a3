import { formatRateLimit, retryAfterSeconds } from '../../rate-limit/fields.ts';
import type { Limit, Limiter } from '../../rate-limit/limiter.ts';
import type { TakeResult } from '../../store/store.ts';
import { type Answer, refusal } from '../answer.ts';
import type { Exchange, Step } from '../exchange.ts';

/** Keeps each session (or, without sessions, each client address) within its rate. */
export function createRateLimitStep(limiter: Limiter, limitKey: (exchange: Exchange) => string): Step {
  const judge = (exchange: Exchange, taken: TakeResult) => {
    noteLimit(exchange, limiter.limit, taken);
    return taken.allowed ? null : limitExceeded(taken);
  };
  return (exchange) => {
    const taken = exchange.early?.taken ?? limiter.take(limitKey(exchange), exchange);
    return taken instanceof Promise
      ? taken.then((result) => judge(exchange, result))
      : judge(exchange, taken);
  };
}

/** The 429 of a spent limit (RFC 6585 §4). */
export function limitExceeded(taken: TakeResult): Answer {
  return refusal(429, ['Retry-After', String(retryAfterSeconds(taken))]);
}

/** Adds a limit's state to the answer's `RateLimit` field. */
export function noteLimit(exchange: Exchange, limit: Limit, taken: TakeResult): void {
  const item = formatRateLimit(limit, taken);
  exchange.rateLimit = exchange.rateLimit === null ? item : `${exchange.rateLimit}, ${item}`;
}
