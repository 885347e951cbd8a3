import type { CachegateError } from '../errors.ts';
import type { Validation } from '../session/authority.ts';
import type { PresentedSession } from '../session/presented-session.ts';

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

/** What the HTTP cache and the gateway tell. */
export interface RequestObserver {
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

export type GateObserver = OwnSessionObserver &
  SessionObserver &
  RequestObserver &
  StoreObserver &
  PurgeObserver;
