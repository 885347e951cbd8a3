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
    part: 'response cache' | 'rate limit',
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

export type GateObserver = SessionObserver & RequestObserver & StoreObserver & PurgeObserver;
