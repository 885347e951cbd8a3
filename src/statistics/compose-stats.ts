import type { StoreKind } from '../store/store.ts';
import type { Counts, ServiceCounts } from './counters.ts';
import type { Held } from './held.ts';
import type { Estimate, HitCounts, Stats } from './stats.ts';

/** What of the answer stays the same. */
export interface StatsPlace {
  readonly storageType: StoreKind | 'none';
  readonly statisticsStorage: 'memory' | 'redis';
  /** The store's address without credentials. */
  readonly shownUrl: string;
  /** Of what is configured; what else was counted comes after it. */
  readonly services: readonly string[];
}

type StatsOfHeld = Pick<
  Stats,
  | 'total_entries'
  | 'cache_size_bytes'
  | 'cache_size_mb'
  | 'average_ttl_remaining'
  | 'average_ttl_remaining_hours'
  | 'sample'
>;

const MIB = 1024 * 1024;
const HOUR_SECONDS = 3_600;

/** The answer in the words and with the decimals of its schema. */
export function composeStats(place: StatsPlace, counts: ServiceCounts, held: Held | null): Stats {
  return {
    enabled: true,
    storage_type: place.storageType,
    statistics_storage: place.statisticsStorage,
    // Of a store that is no server it would be a path, or nothing.
    redis_url: place.shownUrl.includes('://') && isServer(place.storageType) ? place.shownUrl : null,
    ...countsOf(place.services, counts),
    ...(held === null ? NOTHING_HELD : ofHeld(held)),
  };
}

function isServer(kind: StatsPlace['storageType']): boolean {
  return kind === 'redis' || kind === 'kv-rest';
}

function countsOf(
  services: readonly string[],
  counts: ServiceCounts,
): Pick<Stats, keyof HitCounts | 'total_requests' | 'per_service'> {
  const others = [...counts.keys()].filter((name) => !services.includes(name)).sort();
  const names = [...services, ...others];
  const perService = names.map((name) => [name, hitCounts(counts.get(name) ?? NONE)] as const);
  const total = perService.reduce(
    ({ hits, misses }, [, { total_hits, total_misses }]) => ({
      hits: hits + total_hits,
      misses: misses + total_misses,
    }),
    NONE,
  );
  return {
    ...hitCounts(total),
    total_requests: total.hits + total.misses,
    per_service: Object.fromEntries(perService),
  };
}

const NONE: Counts = { hits: 0, misses: 0 };

export function hitCounts({ hits, misses }: Counts): HitCounts {
  const requests = hits + misses;
  return {
    hit_rate: requests === 0 ? 0 : rounded(hits / requests, 3),
    total_hits: hits,
    total_misses: misses,
  };
}

const NOTHING_HELD: StatsOfHeld = {
  total_entries: null,
  cache_size_bytes: null,
  cache_size_mb: null,
  average_ttl_remaining: null,
  average_ttl_remaining_hours: null,
  sample: null,
};

function ofHeld({ entries, bytes, ttlSeconds, sample }: Held): StatsOfHeld {
  return {
    total_entries: Math.round(entries),
    cache_size_bytes: bytes === null ? null : Math.round(bytes),
    cache_size_mb: bytes === null ? null : rounded(bytes / MIB, 1),
    average_ttl_remaining: ttlSeconds === null ? null : rounded(ttlSeconds, 3),
    average_ttl_remaining_hours: ttlSeconds === null ? null : rounded(ttlSeconds / HOUR_SECONDS, 1),
    sample: {
      size: sample.size,
      average_ttl_remaining: roundedEstimate(sample.ttlSeconds, 3),
      cache_size_bytes: roundedEstimate(sample.bytes, 0),
    },
  };
}

function roundedEstimate(estimate: Estimate | null, decimals: number): Estimate | null {
  if (estimate === null) return null;
  const { value, low, high } = estimate;
  return {
    value: rounded(value, decimals),
    low: rounded(low, decimals),
    high: rounded(high, decimals),
  };
}

function rounded(value: number, decimals: number): number {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor;
}
