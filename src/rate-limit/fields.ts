import type { TakeResult } from '../store/store.ts';
import type { Limit } from './limiter.ts';

/** The value of `RateLimit-Policy`: each limit's quota and window in seconds (draft-ietf-httpapi-ratelimit-headers §3). */
export function formatRateLimitPolicy(limits: readonly Limit[]): string {
  return limits
    .map(({ name, rule }) => `"${name}";q=${rule.limit};w=${Math.ceil(rule.windowMs / 1000)}`)
    .join(', ');
}

/** One item of `RateLimit`: what is left of a limit, and in how many seconds all of it is free again (§4). */
export function formatRateLimit(limit: Limit, taken: TakeResult): string {
  const state = taken.rules[0]!;
  return `"${limit.name}";r=${state.remaining};t=${Math.ceil(state.resetAfterMs / 1000)}`;
}

/** `Retry-After` in whole seconds (RFC 9110 §10.2.3), at least 1. */
export function retryAfterSeconds(taken: TakeResult): number {
  return Math.max(1, Math.ceil(taken.retryAfterMs / 1000));
}
