import type { ClientRecord, Exchange } from '../exchange.ts';
import { likenessOf, valueIn } from '../message.ts';

/** At most so long is an origin left alone. */
export const HOLD_LIMIT_MS = 20_000;

/**
 * With what statuses the origin has asked not to be asked at `now` (RFC 9110 §10.2.3): a 429 is for all requests, whose
 * budget is one, and a 503 for those that look the same.
 */
export function holdsOf(client: ClientRecord, refusals: readonly Exchange[], now: number): number[] {
  const statuses: number[] = [];
  for (const { answer, answeredAt, answeredOrder, resource, request } of refusals) {
    if (answer === null || answeredOrder > client.answeredOrder) continue;
    const wait = Number(valueIn(answer.fields, 'retry-after'));
    if (now >= answeredAt + Math.min(wait * 1000, HOLD_LIMIT_MS)) continue;
    const isSame = resource === client.resource && likenessOf(request) === likenessOf(client.request);
    if (answer.status === 429 || (answer.status === 503 && isSame)) statuses.push(answer.status);
  }
  return statuses;
}
