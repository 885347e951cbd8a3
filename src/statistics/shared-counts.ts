import { STATISTICS_SHARDS, type StoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { createBatches, type Increments } from './batches.ts';
import type { Counts, ServiceCounts } from './counters.ts';

/** The counts of all processes, kept in the store. */
export interface SharedCounts {
  /** Brings this process's own up to date. Fails as the store does. */
  flush(): Promise<void>;
  /** Hears of all there are in the store. Fails as it does. */
  read(): Promise<void>;
  /** The last that was read, and what this process has counted and not brought by then. */
  known(): ServiceCounts;
}

/** They outlive every break of a service, and go when nobody counts any more. */
export const STATISTICS_TTL_MS = 365 * 86_400_000;

export interface SharedCountsOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  /** What this process counts. */
  readonly own: ServiceCounts;
  readonly random?: () => number;
}

/** To be asked for one `flush` or `read` at a time. */
export function createSharedCounts({
  store,
  keys,
  own,
  random = Math.random,
}: SharedCountsOptions): SharedCounts {
  const shards = Array.from({ length: STATISTICS_SHARDS }, (_, shard) => keys.statistics(shard));
  // For good: a batch is known again only where it was sent before.
  const key = shards[Math.floor(random() * STATISTICS_SHARDS)]!;
  const batches = createBatches(store, STATISTICS_TTL_MS);
  /** As they were when the last batch was made. */
  const told = new Map<string, Counts>();
  let read: ServiceCounts = new Map();
  let toldAtRead: ServiceCounts = new Map();

  function untold(): Increments {
    const counts = new Map<string, number>();
    for (const [service, { hits, misses }] of own) {
      const before = told.get(service) ?? NONE;
      if (hits > before.hits) counts.set(`${service}:hits`, hits - before.hits);
      if (misses > before.misses) counts.set(`${service}:misses`, misses - before.misses);
      if (hits > before.hits || misses > before.misses) told.set(service, { hits, misses });
    }
    return { key, counts };
  }

  return {
    flush: () => batches.send(untold),
    async read() {
      const counted = countsOf(await store.counters(shards));
      const refused = batches.refused();
      toldAtRead = refused === null ? new Map(told) : less(told, countsOf([refused.counts]));
      read = counted;
    },
    known: () => sumOf([read, less(own, toldAtRead)]),
  };
}

const NONE: Counts = { hits: 0, misses: 0 };

function less(counts: ServiceCounts, others: ServiceCounts): ServiceCounts {
  const left = [...counts].map(([service, { hits, misses }]): [string, Counts] => {
    const other = others.get(service) ?? NONE;
    return [service, { hits: hits - other.hits, misses: misses - other.misses }];
  });
  return new Map(left);
}

export function sumOf(parts: readonly ServiceCounts[]): ServiceCounts {
  const sums = new Map<string, Counts>();
  for (const part of parts) {
    for (const [service, { hits, misses }] of part) {
      const sum = sums.get(service) ?? NONE;
      sums.set(service, { hits: sum.hits + hits, misses: sum.misses + misses });
    }
  }
  return sums;
}

/** Of counters `service:hits` and `service:misses`; what another release counts beside them is left out. */
function countsOf(shards: readonly ReadonlyMap<string, number>[]): ServiceCounts {
  const parts: ServiceCounts[] = [];
  for (const counters of shards) {
    for (const [name, count] of counters) {
      const at = name.lastIndexOf(':');
      const kind = name.slice(at + 1);
      if (kind !== 'hits' && kind !== 'misses') continue;
      parts.push(new Map([[name.slice(0, at), { ...NONE, [kind]: count }]]));
    }
  }
  return sumOf(parts);
}
