import { createBackground } from '../../background.ts';
import type { Clock } from '../../clock.ts';
import type { OwnSessionObserver } from '../../observe/observer.ts';
import type { StoreKeys } from '../../store/keys.ts';
import type { Reading } from '../../store/reading.ts';
import type { MaybePromise, Store } from '../../store/store.ts';
import type { Identity } from '../identity.ts';
import { allowedOrigins, isCrossSite } from './cross-site.ts';
import { createEndedSessions } from './ended-sessions.ts';
import { RequestSession } from './request-session.ts';
import type { OpenedSession, SessionRequest, Sessions } from './session.ts';
import type { SessionClaims } from './session-claims.ts';
import { createSessionCookie, type SessionCookieOptions } from './session-cookie.ts';
import type { SessionKeeping } from './session-keeping.ts';
import { type Place, placeOf } from './session-place.ts';
import { createSessionSecrets } from './session-secrets.ts';
import { FOREIGN, NO_SESSION, type SessionState } from './session-state.ts';
import { createSessionTokens } from './session-token.ts';
import { createStoredSessions } from './stored-sessions.ts';
import { createTokenSessions } from './token-sessions.ts';

export interface SessionsOptions {
  /** Where sessions are kept; not used in mode `jwt`. */
  readonly store: Store;
  readonly keys: StoreKeys;
  /** Newest first; the first signs. */
  readonly secrets: readonly string[];
  readonly namespace: string;
  readonly mode: 'store' | 'jwt';
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** For so long after its issue a token is trusted alone while the store is away. */
  readonly jwtOnlyMs: number;
  readonly degradedWrites: 'refuse' | 'queue';
  /** Bound of a record. */
  readonly maxBytes: number;
  /** Web origins whose pages may send unsafe requests, beside the application's own. */
  readonly allowedOrigins: readonly string[];
  readonly cookie: SessionCookieOptions;
  readonly clock: Clock;
  readonly observer: OwnSessionObserver;
}

/** What a gate asks of sessions that applications keep. */
export interface SessionVouching {
  /** The cookie's name as requests have it, with its prefix. */
  readonly cookieName: string;
  /** Whether a request would change something and comes from another site's page. */
  isCrossSite(request: SessionRequest): boolean;
  /** The token in a `Cookie` value. */
  readToken(cookieHeader: string): string | null;
  /** As `SessionTokens.verify`. */
  verify(token: string): MaybePromise<SessionClaims | null>;
  /** The store's key to read. */
  keyOf(claims: SessionClaims): string;
  /** By what was read of the key; `ended` and `unavailable` let nobody in. */
  judge(
    claims: SessionClaims,
    reading: Reading,
  ): { readonly kind: 'active' | 'degraded' | 'ended' | 'unavailable'; readonly identity: Identity };
  /** Ends it everywhere. @throws CachegateError `ERR_SESSION_DEGRADED` when that can't even be kept */
  end(claims: SessionClaims): Promise<void>;
  /** The `Set-Cookie` value that takes the cookie away. */
  clearedCookie(): string;
}

export interface OwnSessions extends Sessions {
  readonly vouching: SessionVouching;
}

const MAX_REFRESH_MS = 60_000;
const NOBODY: Identity = { user: null, roles: [] };

/**
 * Sessions of an application's own (OWASP Session Management Cheat Sheet): a signed token in a cookie, and a record in the
 * store that all processes share.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` without a secret, for a cookie that browsers refuse or for what is no origin
 */
export function createSessions(options: SessionsOptions): OwnSessions {
  const { keys, clock, idleMs } = options;
  const secrets = createSessionSecrets(options.secrets, options.namespace);
  const cookie = createSessionCookie(options.cookie);
  const tokens = createSessionTokens({ secrets, clock });
  const origins = allowedOrigins(options.allowedOrigins);
  const isStored = options.mode === 'store';
  const ended = createEndedSessions(isStored ? options.store : null, options.absoluteMs, () => clock.now());
  const refreshMs = Math.min(MAX_REFRESH_MS, Math.floor(idleMs / 10));
  const parts = { ...options, secrets, cookie, tokens, ended, refreshMs };
  const keeping: SessionKeeping = isStored ? createStoredSessions(parts) : createTokenSessions(parts);
  const { life } = keeping;

  const places = new WeakMap<SessionClaims, Place>();
  /** Found once for each token: it takes a keyed hash. */
  function placeOfClaims(claims: SessionClaims): Place {
    let place = places.get(claims);
    if (place === undefined) {
      place = placeOf(keys, claims.sid, claims.secret);
      places.set(claims, place);
    }
    return place;
  }

  /** Owns commits whose answers may have been sent before they are done; their callers are told how they end. */
  const commits = createBackground(Number.POSITIVE_INFINITY, () => {});
  function owned<T>(commit: Promise<T>): Promise<T> {
    commits.run(() => commit);
    return commit;
  }

  const opened = (state: SessionState, crossSite = false): OpenedSession => {
    const session = new RequestSession(state, life);
    return {
      session,
      crossSite,
      needsCommit: () => session.needsCommit(),
      watch: (watcher) => session.watch(watcher),
      commit: () => owned(session.commit()),
      seal: () => session.seal(),
    };
  };

  const stateOf = (claims: SessionClaims, place: Place, reading: Reading): SessionState => {
    const judged = keeping.judge(claims, place, reading);
    switch (judged.kind) {
      case 'active':
        return { kind: 'active', claims, place, record: judged.record, bytes: judged.bytes };
      case 'ended':
        return { kind: 'none', before: place };
      default:
        return { kind: judged.kind, claims, place };
    }
  };

  function load(claims: SessionClaims | null, request: SessionRequest): MaybePromise<OpenedSession> {
    const crossSite = isCrossSite(request, origins);
    if (claims === null) return opened(crossSite ? FOREIGN : NO_SESSION);
    if (crossSite) return opened(FOREIGN, true);
    const place = placeOfClaims(claims);
    const reading = keeping.read(place);
    return reading instanceof Promise
      ? reading.then((result) => opened(stateOf(claims, place, result)))
      : opened(stateOf(claims, place, reading));
  }

  return {
    open(request) {
      const token = request.cookie === undefined ? null : cookie.read(request.cookie);
      if (token === null) return load(null, request);
      const claims = tokens.verify(token);
      return claims instanceof Promise
        ? claims.then((verified) => load(verified, request))
        : load(claims, request);
    },
    list: (user, cursor = null) => keeping.list(user, cursor),
    end: (reference) => keeping.endReference(reference),
    endAll: (user) => keeping.endAll(user),
    status: () => ({ mode: options.mode, ...keeping.status() }),
    async close(deadlineMs = 1_000) {
      await commits.settle(deadlineMs);
      await keeping.close(deadlineMs);
    },
    vouching: {
      cookieName: cookie.name,
      isCrossSite: (request) => isCrossSite(request, origins),
      readToken: cookie.read,
      verify: tokens.verify,
      keyOf: (claims) => placeOfClaims(claims).key,
      judge(claims, reading) {
        const judged = keeping.judge(claims, placeOfClaims(claims), reading);
        if (judged.kind === 'active') return { kind: 'active', identity: judged.record };
        return { kind: judged.kind, identity: judged.kind === 'degraded' ? claims : NOBODY };
      },
      end: (claims) => life.end(placeOfClaims(claims)),
      clearedCookie: () => cookie.clear(),
    },
  };
}
