import type { RequestTiming } from './observer.ts';

/** A timing of a request that has not begun. */
export function createRequestTiming(): RequestTiming {
  return { lookupStartedAt: 0, lookupMs: null, originMs: null, saveMs: null, saving: null, savedTtl: null };
}
