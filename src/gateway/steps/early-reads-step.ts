import type { Limiter } from '../../rate-limit/limiter.ts';
import { readAll } from '../../store/reading.ts';
import type { Store } from '../../store/store.ts';
import type { Exchange, Step } from '../exchange.ts';

export interface EarlyReadsOptions {
  readonly store: Store;
  readonly limiter: Limiter | null;
  readonly limitKey: (exchange: Exchange) => string;
  readonly readsSession: boolean;
  readonly readsResponse: boolean;
}

/**
 * Sends all that the later steps will ask a distant store in one go, so that they cost one round trip together. The
 * steps judge in their order; what a refused request brought is dropped undecoded.
 */
export function createEarlyReadsStep(options: EarlyReadsOptions): Step {
  const { store, limiter, limitKey } = options;
  return (exchange) => {
    const keys: string[] = [];
    if (options.readsSession && exchange.session !== null) keys.push(exchange.session.storeKey);
    if (options.readsResponse && exchange.destination.refused === null) keys.push(exchange.destination.key);
    exchange.readAt = exchange.clock.now();
    exchange.early = {
      taken: limiter === null ? null : limiter.take(limitKey(exchange), exchange),
      readings: keys.length === 0 ? [] : readAll(store, keys),
    };
    return null;
  };
}
