import type { OwnGate } from '../gateway/session-gate.ts';
import type { SessionClaims } from '../session/own/session-claims.ts';
import type { OwnSessions, SessionVouching } from '../session/own/sessions.ts';
import type { PresentedSession } from '../session/presented-session.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';

export interface OwnGateParts {
  /** Whose rate limit it is. */
  readonly service: string;
  readonly sessions: OwnSessions;
  readonly store: Store | null;
  readonly keys: StoreKeys;
  /** The service says by CORS which origins' pages may ask. */
  readonly hasCors: boolean;
}

/** A gate of the sessions that applications beside it keep. */
export function wireOwnGate({ service, sessions, store, keys, hasCors }: OwnGateParts): OwnGate {
  const { vouching } = sessions;
  return {
    kind: 'own',
    vouching,
    present: createPresenter(service, vouching, keys),
    store: sessions.status().mode === 'store' ? store : null,
    isCrossSite: hasCors ? () => false : vouching.isCrossSite,
  };
}

const SHOWN_DIGEST = 8;

/** The names that a session has here, made once for each token that is remembered. */
function createPresenter(
  service: string,
  vouching: SessionVouching,
  keys: StoreKeys,
): (claims: SessionClaims) => PresentedSession {
  const known = new WeakMap<SessionClaims, PresentedSession>();
  return (claims) => {
    let session = known.get(claims);
    if (session === undefined) {
      const storeKey = vouching.keyOf(claims);
      session = {
        id: claims.sid,
        shownId: keys.hash(claims.sid).slice(0, SHOWN_DIGEST),
        storeKey,
        rateLimitKey: keys.rateLimit(service, 'session', storeKey),
        forwarded: [],
        tag: null,
      };
      known.set(claims, session);
    }
    return session;
  };
}
