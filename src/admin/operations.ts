import type { ExplainRequest, Explanation } from '../explain/explanation.ts';
import type { PurgeRequest, PurgeResult } from '../purge/purge-request.ts';
import type { Stats, StatsOff } from '../statistics/stats.ts';
import type { WarmJobs } from '../warm/warm-job.ts';

/** What an operator can ask of a server: of its one process, or of its workers as one. */
export interface Operations {
  /** Complete. */
  stats(): Promise<Stats | StatsOff>;
  /** @throws CachegateError `ERR_EXPLAIN_INVALID` */
  explain(request: ExplainRequest): Promise<Explanation>;
  /** @throws CachegateError as `Purger.purge` does */
  purge(request: PurgeRequest): Promise<PurgeResult>;
  readonly warm: WarmJobs;
  /** What is served, and by which rules. */
  services(): readonly ServiceSummary[];
  /** The configuration in force; every secret in it is `[redacted]`. */
  config(): object;
  /**
   * Sets a key that expires, reads it back and says so. Only in development (`NODE_ENV` is not `production`); else `null`.
   */
  readonly testCache: (() => Promise<CacheTest>) | null;
}

export interface ServiceSummary {
  readonly name: string;
  readonly path: string;
  /** Without credentials. */
  readonly origin: string;
  readonly methods: readonly string[] | 'all';
  readonly session: string | null;
  readonly cache: 'on' | 'off';
  readonly rate_limit: Readonly<Record<string, string>>;
  readonly origin_limit: string | null;
}

export interface CacheTest {
  readonly status: 'ok' | 'failed';
  readonly store: string;
  readonly key: string;
  readonly ttl_seconds: number;
  /** What was set, and what came back. */
  readonly written: string;
  readonly read: string | null;
  readonly error?: string;
}
