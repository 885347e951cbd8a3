import type { GateObserver } from '../observe/observer.ts';
import { cacheOperationOf } from '../observe/outcome.ts';
import type { HotSketch } from './hot-sketch.ts';

/** How often a service's requests were answered from the cache, and how often not. */
export interface Counts {
  readonly hits: number;
  readonly misses: number;
}

/** Of each service by its name. */
export type ServiceCounts = ReadonlyMap<string, Counts>;

/** What this process has counted since its start. */
export interface Counters {
  readonly counts: ServiceCounts;
  readonly observer: GateObserver;
}

interface Counted {
  readonly name: string;
  hits: number;
  misses: number;
}

/** Counts in the same turn as the answer: nothing is allocated, and no clock is asked. */
export function createCounters(hot: HotSketch): Counters {
  const counts = new Map<string, Counted>();
  let last: Counted = { name: '', hits: 0, misses: 0 };

  function of(name: string): Counted {
    // One service after the other is rare: the comparison of the same string is cheaper than its look-up.
    if (last.name === name) return last;
    let counted = counts.get(name);
    if (counted === undefined) {
      counted = { name, hits: 0, misses: 0 };
      counts.set(name, counted);
    }
    last = counted;
    return counted;
  }

  return {
    counts,
    observer: {
      requestAnswered(service, status, request) {
        const operation = cacheOperationOf(request.outcome);
        if (operation === null) return;
        if (operation === 'hit') of(service).hits += 1;
        else of(service).misses += 1;
        if (status >= 200 && status < 400) hot.answered(service, request);
      },
      valueLookedUp(name, hit) {
        if (hit) of(name).hits += 1;
        else of(name).misses += 1;
      },
    },
  };
}
