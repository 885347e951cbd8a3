import type { RoutedFetch } from '../fetch/routed-fetch.ts';
import type { FunctionCache } from '../function-cache/cached-function.ts';
import type { FieldList } from '../http/fields.ts';
import type { Log } from '../observe/log.ts';
import type { Identity } from '../session/identity.ts';
import type { MiddlewareSessionsSource } from '../session/middleware-sessions.ts';
import type { Sessions } from '../session/own/session.ts';
import type { Statistics } from '../statistics/stats.ts';
import type { MaybePromise, Store } from '../store/store.ts';
import type { ValueCache } from '../value-cache/value-cache.ts';
import type { warmAll } from '../warm/warm-all.ts';

/** A request as the parts see it, whatever the framework. */
export interface PartsRequest {
  readonly method: string;
  /** The address of the connection's other end; empty where it isn't known. */
  readonly peer: string;
  /** A field's value by its lower-case name; several of a name are joined (`cookie` by `; `). */
  field(name: string): string | undefined;
  /** The id that ties together what the log says of it; where this is left out, that of its fields, or a new one. */
  correlationId?(): string;
}

/** What a guard says of a request. */
export type Admission =
  | { readonly admitted: true; readonly fields: FieldList; readonly identity: Identity | null }
  | {
      readonly admitted: false;
      readonly status: 401 | 403 | 429 | 503;
      /** Fields of the answer, `Content-Type` among them. */
      readonly fields: FieldList;
      /** `{"error":"…"}`. */
      readonly body: string;
    };

/** Lets a request go on, or says how to answer it. Never rejects. */
export type Guard = (request: PartsRequest) => MaybePromise<Admission>;

/** The parts of cachegate in an application, on one store with one connection (C1). */
export interface Cachegate extends MiddlewareSessionsSource {
  /** `null` where `sessions` is off. */
  readonly sessions: Sessions | null;
  readonly cache: ValueCache;
  /** Makes of a function one whose results are kept in the store (H2). */
  readonly cached: FunctionCache['cached'];
  /** `fetch` through a shared HTTP cache (RFC 9111). */
  readonly fetch: RoutedFetch;
  /** Lets in callers whose session the remote authority calls valid (`gate` of the options); without one, nobody. */
  readonly gate: Guard;
  /** Keeps each client address within `rate_limit` of the options; without one, lets all in. */
  readonly limit: Guard;
  readonly log: Log;
  /** The one store of all parts, for `createSessionStore`, `createSessionManager` and what an application builds itself. */
  readonly store: Store;
  /** How often `fetch` and `cache` were answered from what is stored, and what that is (H3). */
  readonly statistics: Statistics;
  /** As `statistics.getStats`: at once, what this process has counted. */
  getStats: Statistics['getStats'];
  /** As `statistics.getStatsAsync`: complete. Never rejects. */
  getStatsAsync: Statistics['getStatsAsync'];
  /**
   * Calls a function once for each distinct id, some at a time, and counts (H9). It warms what the function asks `fetch` and
   * `cache` for; an id for which it rejects has failed, which is logged. Ends when cachegate is closed.
   * @throws CachegateError `ERR_WARM_INVALID` for what is no list, and for a bad concurrency
   */
  readonly warm: typeof warmAll;
  /** Forgets the cached verdict on the remote session that a request presents. @throws CachegateError `ERR_STORE_*` */
  forgetGate(request: PartsRequest): Promise<void>;
  /** Lets go of the store when what is under way is done. */
  close(): Promise<void>;
}
