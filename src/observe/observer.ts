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

/** What the HTTP cache and the gateway tell. */
export interface RequestObserver {
  /** An answer is about to be sent. */
  answered?(service: string, status: number, outcome: CacheOutcome | null, request: Correlated): void;
  originFailed?(service: string, error: CachegateError, correlationId: string): void;
  /** A bug, or a transform that threw: the client gets a 500. */
  requestFailed?(service: string | null, error: unknown, correlationId: string): void;
}

/** What the use of the store tells. */
export interface StoreObserver {
  /** `part` names what went on without the store. */
  storeFailed?(
    part: 'response cache' | 'rate limit',
    operation: 'read' | 'write',
    error: CachegateError,
  ): void;
  storeStateChanged?(state: 'available' | 'away', error?: CachegateError): void;
}

export type GateObserver = SessionObserver & RequestObserver & StoreObserver;
