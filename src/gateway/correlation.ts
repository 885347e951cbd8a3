import { randomUUID } from 'node:crypto';
import { isRequestId, isTraceparent, requestIdOf } from '../http/request-ids.ts';
import type { GateRequest } from './request.ts';

/** The id that ties together all that is said of one request: the caller's, if it sent a usable one, or a new one. */
export function correlationIdOf(request: Pick<GateRequest, 'field'>): string {
  return requestIdOf((name) => request.field(name)) ?? randomUUID();
}

export function usableTraceparent(request: GateRequest): string | undefined {
  const value = request.field('traceparent');
  return value !== undefined && isTraceparent(value) ? value : undefined;
}

export function usableRequestId(request: GateRequest): string | undefined {
  const value = request.field('x-request-id');
  return value !== undefined && isRequestId(value) ? value : undefined;
}
