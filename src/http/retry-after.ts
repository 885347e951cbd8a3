import { parseDeltaSeconds } from './cache-control.ts';
import { parseHttpDate } from './http-date.ts';

/**
 * How long to wait by a `Retry-After` value (RFC 9110 §10.2.3), in milliseconds from `now`, at least 0; `undefined`
 * when it is neither delta-seconds nor an HTTP-date. Never throws.
 */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const seconds = parseDeltaSeconds(value);
  if (seconds !== undefined) return seconds * 1000;
  const instant = parseHttpDate(value, now);
  return instant === undefined ? undefined : Math.max(0, instant - now);
}
