import type { SessionRequest } from '../session/own/session.ts';
import type { SessionClaims } from '../session/own/session-claims.ts';
import type { SessionVouching } from '../session/own/sessions.ts';
import type { PresentedSession } from '../session/presented-session.ts';
import type { ValidationCache } from '../session/validation-cache.ts';
import type { Store, TakeResult } from '../store/store.ts';
import type { GateRequest } from './request.ts';

/** Who is let in: callers with a session that an authority calls valid. */
export type SessionGate = RemoteGate | OwnGate;

/** Sessions of another system, which is asked. */
export interface RemoteGate {
  readonly kind: 'remote';
  /** The session that a request presents; `null`: none, or one that no caller could have. */
  find(request: Pick<GateRequest, 'field'>): PresentedSession | null;
  readonly validations: ValidationCache<TakeResult>;
  /** Where verdicts are kept. */
  readonly store: Store | null;
}

/** Own sessions, as applications beside the gate keep them. */
export interface OwnGate {
  readonly kind: 'own';
  readonly vouching: SessionVouching;
  readonly present: (claims: SessionClaims) => PresentedSession;
  /** Where sessions lie; `null`: tokens alone count. */
  readonly store: Store | null;
  /** Whether an unsafe request of another site's page is to be refused; not where CORS says who may ask. */
  readonly isCrossSite: (request: SessionRequest) => boolean;
}
