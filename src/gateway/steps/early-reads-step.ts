import type { Limiter } from '../../rate-limit/limiter.ts';
import { readOne } from '../../store/reading.ts';
import type { Store } from '../../store/store.ts';
import type { Exchange, Step } from '../exchange.ts';

export interface EarlyReadsOptions {
  readonly store: Store;
  readonly limiter: Limiter | null;
  readonly limitKey: (exchange: Exchange) => string;
  readonly readsSession: boolean;
  /** Responses are read, and their keys known by now. */
  readonly readsResponse: boolean;
}

/**
 * Sends all that the later steps will ask a distant store in one go, so that they cost one round trip together. The
 * steps judge in their order; what a refused request brought is dropped undecoded.
 */
export function createEarlyReadsStep(options: EarlyReadsOptions): Step {
  const { store, limiter, limitKey } = options;
  return (exchange) => {
    const sessionKey = options.readsSession ? (exchange.session?.storeKey ?? null) : null;
    const { refused } = exchange.destination;
    const isRead = options.readsResponse && refused === null && isGet(exchange);
    const responseKey = isRead ? exchange.responseKey : null;
    exchange.readAt = exchange.clock.now();
    if (responseKey !== null) exchange.lookupStartedAt = performance.now();
    const taken = limiter === null ? null : limiter.take(limitKey(exchange), exchange);
    // Each by itself: in a Cluster one may fail, or come late, where the other does not.
    exchange.early = {
      taken,
      session: sessionKey === null ? null : readOne(store, sessionKey),
      response: responseKey === null ? null : readOne(store, responseKey),
    };
    return null;
  };
}

// What other methods are answered with is not under the target's key.
function isGet({ request: { method } }: Exchange): boolean {
  return method === 'GET' || method === 'HEAD';
}
