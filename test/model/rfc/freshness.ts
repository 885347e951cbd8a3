import { type Field, instantOf, valueIn } from '../message.ts';
import { type Said, said, seconds } from './directives.ts';

/** What of a response its freshness depends on. */
export interface Dated {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly requestAt: number;
  readonly responseAt: number;
}

/** `date_value` of RFC 9111 §4.2.3; who gets no Date records the time of receipt (RFC 9110 §6.6.1). */
export function dateValue({ fields, responseAt }: Dated): number {
  return instantOf(fields, 'date') ?? responseAt;
}

/** `current_age` of RFC 9111 §4.2.3, in milliseconds. The clock may have been set back: no span is below 0. */
export function currentAge(response: Dated, now: number): number {
  const { fields, requestAt, responseAt } = response;
  const apparentAge = Math.max(0, responseAt - dateValue(response));
  const responseDelay = Math.max(0, responseAt - requestAt);
  const correctedAgeValue = ageValue(fields) + responseDelay;
  const correctedInitialAge = Math.max(apparentAge, correctedAgeValue);
  const residentTime = Math.max(0, now - responseAt);
  return correctedInitialAge + residentTime;
}

/** RFC 9111 §5.1: the first member counts, and one that is no number is ignored. */
function ageValue(fields: readonly Field[]): number {
  const [first] = (valueIn(fields, 'age') ?? '').split(',');
  return /^\d+$/.test(first!) ? Number(first) * 1000 : 0;
}

/** The lifetime that the origin gives, in milliseconds (RFC 9111 §4.2.1); `undefined` when it gives none. */
export function explicitLifetime(response: Dated, { directives, targeted }: Said): number | undefined {
  const stated = seconds(directives, 's-maxage') ?? seconds(directives, 'max-age');
  if (stated !== undefined) return stated * 1000;
  if (targeted || valueIn(response.fields, 'expires') === undefined) return undefined;
  const expiresAt = instantOf(response.fields, 'expires');
  return expiresAt === undefined ? 0 : Math.max(0, expiresAt - dateValue(response));
}

// RFC 9110 §15.1, and those that §15.3.7 and later add.
const HEURISTICALLY_CACHEABLE = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501];
const DAY = 86_400_000;

/** Whether a lifetime may be guessed (RFC 9111 §4.2.2). */
export function mayBeGuessed({ status }: Dated, { directives }: Said): boolean {
  return HEURISTICALLY_CACHEABLE.includes(status) || directives.has('public');
}

/** In milliseconds: the origin's, else a tenth of the time since the last change, a day at most. */
export function lifetime(response: Dated): number {
  const stated = said(response.fields);
  const explicit = explicitLifetime(response, stated);
  if (explicit !== undefined) return explicit;
  const modifiedAt = instantOf(response.fields, 'last-modified');
  if (modifiedAt === undefined || !mayBeGuessed(response, stated)) return 0;
  return Math.min(DAY, Math.max(0, dateValue(response) - modifiedAt) / 10);
}
