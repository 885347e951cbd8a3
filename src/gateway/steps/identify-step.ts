import { refusal } from '../answer.ts';
import type { Step } from '../exchange.ts';
import type { RemoteGate } from '../session-gate.ts';

/** Finds the session that the caller presents; none, or one that no caller could have, is refused unasked. */
export function createIdentifyStep({ find }: Pick<RemoteGate, 'find'>): Step {
  return (exchange) => {
    exchange.session = find(exchange.request);
    return exchange.session === null ? refusal(401) : null;
  };
}
