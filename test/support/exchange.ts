import type { RequestFacts, ResponseFacts } from '../../src/engine/facts.ts';
import type { CachePolicy } from '../../src/engine/policy.ts';
import { formatHttpDate } from '../../src/http/http-date.ts';

export const SECOND = 1_000;
export const HOUR = 3_600 * SECOND;
export const DAY = 24 * HOUR;

/** When the responses of these tests are received: a whole second, as HTTP-dates are. */
export const RECEIVED_AT = Date.UTC(2026, 0, 15, 12);

/** What nobody has configured. */
export const PLAIN_POLICY: CachePolicy = {
  mode: 'safe',
  targetedFields: ['cdn-cache-control', 'surrogate-control'],
  heuristic: true,
  force: false,
  negativeTtlSeconds: new Map(),
};

/** @param fields by lower-case name */
export function requestWith(fields: Readonly<Record<string, string>> = {}, method = 'GET'): RequestFacts {
  const known = new Map(Object.entries(fields));
  return { method, field: (lowerName) => known.get(lowerName) };
}

/** A response that took no time and has the right `Date`. */
export function responseWith(
  fields: Readonly<Record<string, string>> = {},
  other: Partial<Omit<ResponseFacts, 'fields'>> = {},
): ResponseFacts {
  const all = { Date: httpDate(0), ...fields };
  return {
    status: 200,
    requestAt: RECEIVED_AT,
    responseAt: RECEIVED_AT,
    fields: Object.entries(all).flat(),
    ...other,
  };
}

/** An HTTP-date some time after `RECEIVED_AT`. */
export function httpDate(offsetMs: number): string {
  return formatHttpDate(RECEIVED_AT + offsetMs);
}
