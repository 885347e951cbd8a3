import type { Log } from './log.ts';
import { createToldTogether } from './told-together.ts';
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

/** How the totals stood when it was due. */
interface Summary {
  readonly all: Counts;
  readonly services: readonly (Counts & { readonly name: string })[];
}

/** What was counted so far. Settings may change while a process lives; its totals go on. */
export interface CacheTotals {
  readonly all: Counts;
  readonly services: Map<string, Counts>;
  /** Hits and misses since the last summary. */
  unsummed: number;
  /** Summaries that come soon after one another are written together. */
  readonly together: boolean;
}

/** @param together nothing stands against writing a little later */
export function createCacheTotals({ together = false } = {}): CacheTotals {
  return { all: { hits: 0, misses: 0 }, services: new Map(), unsummed: 0, together };
}

/**
 * @param interval a record for so many hits and misses, all together; `null`: none
 * @param onSummary called behind them
 */
export function createCacheTally(
  log: Log,
  interval: number | null,
  sums: CacheTotals,
  onSummary: () => void,
): CacheTally {
  const { all, services } = sums;
  const summed = createToldTogether<Summary>({
    tell: (summary) => logSummary(log, summary),
    after: onSummary,
    together: sums.together,
  });
  // One service after the other is rare, and its name sooner compared than looked up.
  let lastName = '';
  let last: Counts = all;

  function countsOf(service: string): Counts {
    if (service === lastName) return last;
    last = services.get(service) ?? { hits: 0, misses: 0 };
    services.set(service, last);
    lastName = service;
    return last;
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
      summed({ all: { ...all }, services: Array.from(services, ([name, of]) => ({ name, ...of })) });
    },
  };
}

function logSummary(log: Log, { all, services }: Summary): void {
  const requests = all.hits + all.misses;
  const byService = services.map((counts) => [counts.name, totals(counts)] as const);
  log.info(
    shownAsIs({
      log_type: 'aggregate_cache_stats',
      total_requests: requests,
      ...totals(all),
      services: Object.fromEntries(byService),
    }),
    `Aggregate cache stats: ${((100 * all.hits) / requests).toFixed(2)}% hit rate`,
  );
}

function totals({ hits, misses }: Counts) {
  const rate = hits / (hits + misses);
  return { hit_rate: Math.round(rate * 1000) / 1000, total_hits: hits, total_misses: misses };
}
