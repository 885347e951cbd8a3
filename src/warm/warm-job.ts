import type { WarmState } from '../observe/observer.ts';

/** What is to be fetched ahead: exactly one of `urls`, `ids` and `hot`. */
export interface WarmRequest {
  /** Paths of this server with their queries, or URLs of which the host says nothing. */
  readonly urls?: readonly unknown[];
  /** Texts or whole numbers, each put into the template in the place of `{id}`, percent-encoded. */
  readonly ids?: readonly unknown[];
  /** Such as `/api/anime/{id}`; by default `warm.template` of the configuration. */
  readonly template?: string;
  /** So many of the busiest targets of the last day, by the statistics. */
  readonly hot?: number;
  /** Requests at once, 1 to 64; by default `warm.concurrency` of the configuration. */
  readonly concurrency?: number;
}

/** How a job stands. */
export interface WarmReport {
  readonly id: string;
  readonly state: WarmState;
  /** Fetched and stored, or stored and fresh already. */
  readonly warmed_count: number;
  readonly failed_count: number;
  /** Distinct ids or URLs, bad ones too: when the job is done, the two above add up to it. */
  readonly total_requested: number;
  readonly duplicates: number;
  /** Done of the last seconds, in a second; 0 where nothing moves. */
  readonly rate_per_second: number;
  /** `null`: not known yet, or nothing is left. */
  readonly seconds_left: number | null;
  /** RFC 3339. */
  readonly created_at: string;
  /** `null`: it goes on. */
  readonly ended_at: string | null;
  /** The first that failed, with the reasons; at most 20. */
  readonly failures: readonly { readonly id: string; readonly reason: string }[];
}

/** Jobs that fetch responses ahead. They are held in the store: any process reports them, and one takes over another's. */
export interface WarmJobs {
  /** @throws CachegateError `ERR_WARM_INVALID` for what can't be understood at all, `ERR_STORE_*` */
  start(request: WarmRequest): Promise<WarmReport>;
  /** `null`: there is no such job. @throws CachegateError `ERR_STORE_*` */
  report(id: string): Promise<WarmReport | null>;
  /** The newest first, 100 at most. @throws CachegateError `ERR_STORE_*` */
  list(): Promise<readonly WarmReport[]>;
  /** Ends it within a second, whichever process is at it; what is under way may end. `null`: there is no such job. @throws CachegateError `ERR_STORE_*` */
  cancel(id: string): Promise<WarmReport | null>;
}
