import type { StoreKind } from '../store/store.ts';

/** How often requests of one service were answered from the cache. */
export interface HitCounts {
  /** 3 decimals; 0 where nothing was asked for. */
  readonly hit_rate: number;
  readonly total_hits: number;
  readonly total_misses: number;
}

/** A mean from a sample, with the interval that holds the true one in 95 of 100 samples. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * What the cache has done and holds (H3). A request counts as a hit or a miss where the cache was asked: not what the gate
 * answers by itself, nor what is passed on past the cache (`fwd=bypass`, `fwd=method`).
 */
export interface Stats extends HitCounts {
  readonly enabled: true;
  /** Where the cache lies; `none` where nothing is stored. */
  readonly storage_type: StoreKind | 'none';
  /** Where these counts are kept: in this process (or, of several workers, summed), or in the store for all. */
  readonly statistics_storage: 'memory' | 'redis';
  /** Without credentials; `null` where the store is no server. */
  readonly redis_url: string | null;
  readonly total_requests: number;
  /** `null` here and below: the store could not be asked, or (`getStats()`) was not. */
  readonly total_entries: number | null;
  readonly cache_size_bytes: number | null;
  /** MiB, 1 decimal. */
  readonly cache_size_mb: number | null;
  /** Seconds; `null` too where nothing is stored. */
  readonly average_ttl_remaining: number | null;
  /** 1 decimal. */
  readonly average_ttl_remaining_hours: number | null;
  readonly per_service: Readonly<Record<string, HitCounts>>;
  /** What entries, size and TTL were estimated from. */
  readonly sample: {
    /** Entries looked at. */
    readonly size: number;
    /** Seconds. */
    readonly average_ttl_remaining: Estimate | null;
    readonly cache_size_bytes: Estimate | null;
  } | null;
}

export interface StatsOff {
  readonly enabled: false;
}

export interface Statistics {
  /** At once: what this process has counted. */
  getStats(): Stats | StatsOff;
  /** Complete: all processes' counts where they are shared, and what the store holds. Never rejects. */
  getStatsAsync(): Promise<Stats | StatsOff>;
  /** The busiest targets of the last 24 hours, the busiest first. */
  hottest(limit: number): Promise<readonly HotTarget[]>;
  /** Sends what was counted to where it is kept; resolves when that is done or has failed. */
  flush(): Promise<void>;
  /** Flushes for the last time. */
  close(): Promise<void>;
}

/** A target that GET was asked for here, and about how often. */
export interface HotTarget {
  readonly service: string;
  /** Path and query as clients have sent them. */
  readonly target: string;
  readonly requests: number;
}
