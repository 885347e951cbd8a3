import { parseDeltaSeconds } from '../http/cache-control.ts';
import { fieldValue } from '../http/fields.ts';
import { parseHttpDate } from '../http/http-date.ts';
import type { ResponseFacts } from './facts.ts';

/** When the origin made a response: its `Date`, else when it was received (RFC 9110 §6.6.1). */
export function originatedAt(response: ResponseFacts): number {
  return instantOf(response, 'date') ?? response.responseAt;
}

/** The instant that a field holds, `undefined` when it is not there or no HTTP-date. */
export function instantOf(response: ResponseFacts, lowerName: string): number | undefined {
  const value = fieldValue(response.fields, lowerName);
  return value === undefined ? undefined : parseHttpDate(value, response.responseAt);
}

/** `corrected_initial_age` of RFC 9111 §4.2.3: how old a response was when it was received, in milliseconds. */
export function correctedInitialAgeMs(response: ResponseFacts): number {
  const apparentAge = Math.max(0, response.responseAt - originatedAt(response));
  const responseDelay = Math.max(0, response.responseAt - response.requestAt);
  return Math.max(apparentAge, ageValueMs(response) + responseDelay);
}

// Of several members the first counts, and an invalid one is ignored (RFC 9111 §5.1).
function ageValueMs(response: ResponseFacts): number {
  const value = fieldValue(response.fields, 'age');
  if (value === undefined) return 0;
  return (parseDeltaSeconds(value.split(',', 1)[0]!.trim()) ?? 0) * 1000;
}
