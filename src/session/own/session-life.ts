import type { Clock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import type { StoreKeys } from '../../store/keys.ts';
import type { Identity } from '../identity.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { Change } from './record-writes.ts';
import type { SessionClaims } from './session-claims.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { Place } from './session-place.ts';
import type { SessionSecrets } from './session-secrets.ts';
import type { SessionState } from './session-state.ts';
import type { SessionTokens } from './session-token.ts';

/** A session after a step of its life, and the `Set-Cookie` value that tells the browser, if it has to know. */
export interface Lived {
  readonly state: SessionState;
  readonly cookie: string | null;
}

export type DataChange = (before: ReadonlyMap<string, unknown>) => ReadonlyMap<string, unknown>;

/** What a session's life stands on, wherever it is kept. */
export interface LifeOptions {
  readonly keys: StoreKeys;
  readonly ended: EndedSessions;
  readonly tokens: SessionTokens;
  readonly secrets: SessionSecrets;
  readonly cookie: SessionCookie;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** A request touches its session when the last touch is so long ago. */
  readonly refreshMs: number;
}

/** What happens to sessions: in the store, or in tokens alone. */
export interface SessionLife {
  /** @throws CachegateError `ERR_SESSION_DEGRADED`, `ERR_SESSION_CROSS_SITE` where nothing may be written */
  mayWrite(state: SessionState): void;
  /**
   * Stores what `change` makes of the record; a new session where there is none. `null`: the session has ended.
   * @param sizeOf how many bytes it takes, where it may be kept for when the store is back; `null`: it may not
   * @throws what `change` throws; CachegateError `ERR_SESSION_*`
   */
  store(state: SessionState, change: Change, sizeOf: (() => number) | null): Promise<Lived | null>;
  /**
   * Begins the session of a user, under a new id.
   * @param data what it holds, of what the session before it held; `null`: nothing
   * @throws CachegateError `ERR_SESSION_*`
   */
  login(state: SessionState, identity: Identity & { user: string }, data: DataChange | null): Promise<Lived>;
  /** Gives it a new id. @throws CachegateError `ERR_SESSION_*` */
  rotate(state: SessionState, data: DataChange): Promise<Lived>;
  /** Ends it. @throws CachegateError `ERR_SESSION_DEGRADED` when that can't even be kept */
  end(place: Place): Promise<void>;
  /** Whether a request has to lengthen its life. */
  isDue(state: SessionState): boolean;
  /** Lengthens it. Never rejects for a store that is away. */
  refresh(state: SessionState): Promise<Lived>;
  clearedCookie(): string;
}

/** Signs a token, and wraps it in the cookie. @throws CachegateError `ERR_SESSION_VALUE`, `ERR_SESSION_TOO_LARGE` */
export async function issue(
  tokens: SessionTokens,
  cookie: SessionCookie,
  claims: SessionClaims,
): Promise<string> {
  const maxAgeSeconds = Math.max(1, Math.floor((claims.expiresAt - claims.issuedAt) / 1000));
  return cookie.set(await tokens.sign(claims), maxAgeSeconds);
}

/** Refuses what another site's page would begin. */
export function refuseForeign(state: SessionState): void {
  if (state.kind !== 'foreign') return;
  const message = "A session can't be begun by a request of another site's page";
  throw new CachegateError('ERR_SESSION_CROSS_SITE', message);
}
