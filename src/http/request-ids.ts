// W3C Trace Context §3.2: version, trace-id, parent-id, flags.
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
// What a log can hold without being led astray.
const REQUEST_ID = /^[A-Za-z0-9._:+/=-]{1,128}$/;

export function isTraceparent(value: string): boolean {
  return TRACEPARENT.test(value);
}

/** Whether a value of `X-Request-Id`, which no specification bounds, is one to go on with. */
export function isRequestId(value: string): boolean {
  return REQUEST_ID.test(value);
}

/**
 * The id that a request says it belongs to: its trace's, or else its own; `null` where it has none, or none of use.
 * @param field a field's value by its lower-case name
 */
export function requestIdOf(field: (name: string) => string | null | undefined): string | null {
  const trace = field('traceparent') ?? '';
  if (isTraceparent(trace)) return trace.split('-', 2)[1]!;
  const id = field('x-request-id') ?? '';
  return isRequestId(id) ? id : null;
}
