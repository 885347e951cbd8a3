import type { ClientAddress } from '../gateway/client-address.ts';
import { correlationIdOf } from '../gateway/correlation.ts';
import type { GateRequest } from '../gateway/request.ts';
import type { Correlated } from '../observe/observer.ts';
import type { PartsRequest } from './cachegate.ts';

/** Ties together what the log says of a request; found, or made, when somebody asks. */
export function correlatedOf(request: PartsRequest): Correlated {
  let id: string | undefined;
  return {
    correlationId() {
      // Of a request, no more is read than its fields.
      id ??= correlationIdOf(request as GateRequest);
      return id;
    },
  };
}

export function addressOf(request: PartsRequest, clientAddress: ClientAddress): string {
  return clientAddress(request.peer, request.field('x-forwarded-for'));
}
