import type { CacheRequest } from './cache-request.ts';
import type { Refused } from './origin-holds.ts';

/** It is asked for with credentials. */
export function isAuthorized({ facts }: CacheRequest): boolean {
  return facts.field('authorization') !== undefined;
}

function hasCookies({ facts }: CacheRequest): boolean {
  return facts.field('cookie') !== undefined;
}

/** Requests of which the answers are shared alike: that differs for those who send credentials. */
export function classOf(request: CacheRequest): string {
  if (isAuthorized(request)) return `${request.key} authorized`;
  return hasCookies(request) ? `${request.key} cookies` : request.key;
}

/** Whom a refusal of the origin is about: all of a service whose budget is its own, or requests that look the same. */
export function refusedFor(request: CacheRequest): Refused {
  const { service, key, hasOwnBudget } = request;
  return { service: hasOwnBudget ? service : null, likeness: () => `${key} ${request.likeness()}` };
}
