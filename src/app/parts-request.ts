import type { ClientAddress } from '../gateway/client-address.ts';
import { correlationIdOf } from '../gateway/correlation.ts';
import type { Correlated } from '../observe/observer.ts';
import type { PartsRequest } from './cachegate.ts';

/** Ties together what the log says of a request; found, or made, when somebody asks. */
export function correlatedOf(request: PartsRequest): Correlated {
  if (request.correlationId !== undefined) return { correlationId: () => request.correlationId!() };
  let id: string | undefined;
  return {
    correlationId() {
      id ??= correlationIdOf(request);
      return id;
    },
  };
}

/** The id of a request that has none yet. */
export function newCorrelationId(request: PartsRequest): string {
  return correlationIdOf(request);
}

export function addressOf(request: PartsRequest, clientAddress: ClientAddress): string {
  return clientAddress(request.peer, request.field('x-forwarded-for'));
}
