import type { CachegateError } from '../errors.ts';
import type { Validation } from '../session/authority.ts';
import type { PresentedSession } from '../session/presented-session.ts';
import type { CacheOutcome } from './outcome.ts';

/** Where a correlation id comes from: made only when somebody asks. */
export interface Correlated {
  correlationId(): string;
}

/** What the validation of sessions tells. Durations are in milliseconds. A method left out costs nothing. */
export interface SessionObserver {
  sessionHit?(session: PresentedSession, durationMs: number, request: Correlated): void;
  sessionMissed?(session: PresentedSession, authority: string, request: Correlated): void;
  sessionKept?(session: PresentedSession, durationMs: number, correlationId: string): void;
  sessionCacheFailed?(
    session: PresentedSession,
    operation: 'read' | 'write',
    error: CachegateError,
    correlationId: string,
  ): void;
  sessionValidated?(
    session: PresentedSession,
    authority: string,
    validation: Validation,
    durationMs: number,
    correlationId: string,
  ): void;
}

/** How long the parts of one request took, in milliseconds; filled in as they end. `null`: it had no such part. */
export interface RequestTiming {
  /** `performance.now()` when the store was first asked for what it holds; 0: it was not. */
  lookupStartedAt: number;
  /** Until it was decided what becomes of what the store holds. */
  lookupMs: number | null;
  /** Until the origin's header section was there; of several exchanges, all together. */
  originMs: number | null;
  /** Until what the origin sent was in the store, or was found not to be stored. */
  saveMs: number | null;
  /** Settles when it is, and never rejects. */
  saving: Promise<unknown> | null;
  /** Freshness that what was stored has left, in whole seconds. */
  savedTtl: number | null;
}

/** One request that was answered, at the time of its answer. */
export interface AnsweredRequest extends Correlated {
  readonly method: string;
  /** Path and query as the client has sent them. They may hold what is nobody's to read, so that no log shows them. */
  readonly target: string;
  /** The key of the store under which its response lies, or would. */
  readonly cacheKey: string;
  /** `null`: the gate has answered by itself, and no cache was asked. */
  readonly outcome: CacheOutcome | null;
  readonly timing: RequestTiming;
}

/** What the HTTP cache and the gateway tell. */
export interface RequestObserver {
  /** Once a request, in the same turn as its answer: what it costs, every hit costs. */
  requestAnswered?(service: string, status: number, request: AnsweredRequest): void;
  /** An exchange with an origin, in the background too. `status`: `null` where there was no answer. */
  originAnswered?(service: string, status: number | null, durationMs: number): void;
  /** What an origin sent was brought into the store, or (`stored` false) turned out not to be. */
  responseSaved?(service: string, stored: boolean, durationMs: number): void;
  /** A stored response was validated behind an answer that it was (RFC 5861 §3). */
  revalidated?(service: string, result: 'not-modified' | 'replaced' | 'failed'): void;
  /** A limit let a request pass, or not. */
  limitJudged?(service: string, limit: 'session' | 'address', allowed: boolean): void;
  /** A request waited for its origin's budget: in vain where `admitted` is false. */
  originHeldBack?(service: string, admitted: boolean, waitedMs: number): void;
  /** The origin did not answer; the client gets 502 or 504, or a stale response. */
  originFailed?(service: string, error: unknown, request: Correlated): void;
  /** A bug, or a transform that threw: the client gets a 500. */
  requestFailed?(service: string, error: unknown, request: Correlated): void;
}

/** What the use of the store tells. */
export interface StoreObserver {
  /** `part` names what went on without the store. */
  storeFailed?(
    part: 'response cache' | 'rate limit' | 'value cache',
    operation: 'read' | 'write',
    error: CachegateError,
    request: Correlated,
  ): void;
  /** Whether this process hears of what others change in the store; without it, it keeps no copies. Once for each change. */
  storeTrackingChanged?(tracking: boolean, error?: Error): void;
  /** Once for each change; `shard`: which of several servers, empty where there is one. */
  storeStateChanged?(state: 'available' | 'unwritable' | 'away', shard: string, error?: CachegateError): void;
}

/** What a purge was of. */
export interface PurgedSubject {
  readonly by: 'url' | 'tag' | 'service';
  /** The URL, the tags, or the service. */
  readonly names: readonly string[];
  readonly mode: 'hard' | 'soft';
}

export interface PurgeDone extends PurgedSubject {
  readonly wait: boolean;
  /** The resources of which something was stored. */
  readonly purged: number;
  readonly durationMs: number;
}

/** What purges tell. */
export interface PurgeObserver {
  purged?(purge: PurgeDone, request: Correlated): void;
  /** The store failed; the caller is told to repeat it. */
  purgeFailed?(purge: PurgedSubject, error: CachegateError, request: Correlated): void;
  /** Somebody asked who may not; `reason` says what was lacking. */
  purgeRefused?(address: string, reason: string, request: Correlated): void;
}

/** What an application's own sessions tell. */
export interface OwnSessionObserver {
  /** `hit`: it is there; `miss`: it has ended, or never was; `error`: the store could not be asked. */
  ownSessionLookedUp?(result: 'hit' | 'miss' | 'error'): void;
  /** A call of the store failed. */
  ownSessionFailed?(operation: 'read' | 'write' | 'end', error: CachegateError): void;
  /** JWT-only mode began or ended; `kept`: how many changes were kept meanwhile. Once for each change. */
  sessionsDegraded?(degraded: boolean, kept: number, error?: CachegateError): void;
  /** So many logouts and writes are kept until the store is back. */
  sessionChangesKept?(kept: number): void;
  /** Changes that were kept could not be stored: the process stops, or they are refused. */
  sessionChangesLost?(lost: number, error: CachegateError): void;
}

/** What jobs that fetch responses ahead tell. */
export interface WarmObserver {
  warmJobChanged?(jobId: string, state: WarmState): void;
  /** One URL or id of a job: it is stored and fresh now, or (`reason`) it is not. */
  warmed?(jobId: string, id: string, reason: string | null): void;
}

/** `running`: some process is at it, or soon will be. */
export type WarmState = 'running' | 'done' | 'cancelled';

/** What an application's cached values tell: `name` is that of the cache, and is one of few. */
export interface ValueObserver {
  valueLookedUp?(name: string, hit: boolean): void;
}

export type GateObserver = OwnSessionObserver &
  WarmObserver &
  ValueObserver &
  SessionObserver &
  RequestObserver &
  StoreObserver &
  PurgeObserver;
