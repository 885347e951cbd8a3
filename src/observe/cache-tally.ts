import type { Log } from './log.ts';
import { shownAsIs } from './without-secrets.ts';

/** Counts hits and misses for as long as the process lives, and sums them up in a record now and then. */
export interface CacheTally {
  /** `service`: one of few. */
  count(service: string, isHit: boolean): void;
}

interface Counts {
  hits: number;
  misses: number;
}

/** What was counted so far. Settings may change while a process lives; its totals go on. */
export interface CacheTotals {
  readonly all: Counts;
  readonly services: Map<string, Counts>;
  /** Hits and misses since the last summary. */
  unsummed: number;
}

export function createCacheTotals(): CacheTotals {
  return { all: { hits: 0, misses: 0 }, services: new Map(), unsummed: 0 };
}

/**
 * @param interval a record for so many hits and misses, all together; `null`: none
 * @param onSummary called behind each
 */
export function createCacheTally(
  log: Log,
  interval: number | null,
  sums: CacheTotals,
  onSummary: () => void,
): CacheTally {
  const { all, services } = sums;

  function countsOf(service: string): Counts {
    let counts = services.get(service);
    if (counts === undefined) {
      counts = { hits: 0, misses: 0 };
      services.set(service, counts);
    }
    return counts;
  }

  function summarise(): void {
    const percent = (100 * all.hits) / (all.hits + all.misses);
    log.info(
      {
        log_type: 'aggregate_cache_stats',
        total_requests: all.hits + all.misses,
        ...totals(all),
        services: shownAsIs(
          Object.fromEntries([...services].map(([name, counts]) => [name, totals(counts)])),
        ),
      },
      `Aggregate cache stats: ${percent.toFixed(2)}% hit rate`,
    );
    onSummary();
  }

  return {
    count(service, isHit) {
      const counts = countsOf(service);
      if (isHit) {
        counts.hits++;
        all.hits++;
      } else {
        counts.misses++;
        all.misses++;
      }
      if (interval === null || ++sums.unsummed < interval) return;
      sums.unsummed = 0;
      summarise();
    },
  };
}

function totals({ hits, misses }: Counts) {
  const rate = hits / (hits + misses);
  return { hit_rate: Math.round(rate * 1000) / 1000, total_hits: hits, total_misses: misses };
}
