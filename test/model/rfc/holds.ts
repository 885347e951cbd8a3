import type { ClientRecord, Exchange } from '../exchange.ts';
import { type RequestFields, valueIn } from '../message.ts';

/** At most so long is an origin left alone. */
export const HOLD_LIMIT_MS = 20_000;

/** With what statuses the origin has asked not to be asked at `now` (RFC 9110 §10.2.3): 503 for its resource, 429 for all. */
export function holdsOf(client: ClientRecord, refusals: readonly Exchange[], now: number): number[] {
  const statuses: number[] = [];
  if (isCredentialed(client.request)) return statuses;
  for (const { answer, answeredAt, answeredOrder, resource, request } of refusals) {
    if (answer === null || isCredentialed(request) || answeredOrder > client.answeredOrder) continue;
    const wait = valueIn(answer.fields, 'retry-after');
    if (wait === undefined || now >= answeredAt + Math.min(Number(wait) * 1000, HOLD_LIMIT_MS)) continue;
    const isMeant = answer.status === 429 || (answer.status === 503 && resource === client.resource);
    if (isMeant) statuses.push(answer.status);
  }
  return statuses;
}

function isCredentialed(request: RequestFields): boolean {
  return request.has('authorization') || request.has('cookie');
}
