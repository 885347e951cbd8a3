import { randomUUID } from 'node:crypto';
import type { GateRequest } from './request.ts';

// W3C Trace Context §3.2: version, trace-id, parent-id, flags.
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
// What a log can hold without being led astray.
const REQUEST_ID = /^[A-Za-z0-9._:+/=-]{1,128}$/;

/** The id that ties together all that is said of one request: the caller's, if it sent a usable one, or a new one. */
export function correlationIdOf(request: GateRequest): string {
  const trace = usableTraceparent(request);
  return trace === undefined ? (usableRequestId(request) ?? randomUUID()) : trace.split('-', 2)[1]!;
}

export function usableTraceparent(request: GateRequest): string | undefined {
  const value = request.field('traceparent');
  return value !== undefined && TRACEPARENT.test(value) ? value : undefined;
}

export function usableRequestId(request: GateRequest): string | undefined {
  const value = request.field('x-request-id');
  return value !== undefined && REQUEST_ID.test(value) ? value : undefined;
}
