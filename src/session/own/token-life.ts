import type { Clock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import type { StoreKeys } from '../../store/keys.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { SessionClaims } from './session-claims.ts';
import type { SessionCookie } from './session-cookie.ts';
import { newSessionId } from './session-ids.ts';
import { issue, type Lived, refuseForeign, type SessionLife } from './session-life.ts';
import type { SessionSecrets } from './session-secrets.ts';
import type { SessionTokens } from './session-token.ts';

export interface TokenLifeOptions {
  readonly keys: StoreKeys;
  readonly ended: EndedSessions;
  readonly tokens: SessionTokens;
  readonly secrets: SessionSecrets;
  readonly cookie: SessionCookie;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly refreshMs: number;
}

/** The life of sessions whose tokens are all there is of them (`SESSION_MODE=jwt`): no data, and ends known here alone. */
export function createTokenLife(options: TokenLifeOptions): SessionLife {
  const { keys, ended, tokens, secrets, cookie, clock, idleMs } = options;

  async function live(claims: Omit<SessionClaims, 'issuedAt' | 'expiresAt'>): Promise<Lived> {
    const issuedAt = clock.now();
    const renewed = { ...claims, issuedAt, expiresAt: Math.min(issuedAt + idleMs, claims.endsAt) };
    const place = { key: keys.ownSession(claims.secret.digest(claims.sid)), secret: claims.secret };
    return {
      state: { kind: 'degraded', claims: renewed, place },
      cookie: await issue(tokens, cookie, renewed),
    };
  }

  return {
    clearedCookie: () => cookie.clear(),
    mayWrite() {
      throw refused();
    },
    async store() {
      throw refused();
    },
    async login(state, { user, roles }) {
      refuseForeign(state);
      const endsAt = clock.now() + options.absoluteMs;
      const { signing: secret } = secrets;
      const begun = await live({ sid: newSessionId(), user, roles: [...new Set(roles)], endsAt, secret });
      if (state.kind === 'degraded') ended.add(state.place.key);
      return begun;
    },
    async rotate(state) {
      if (state.kind !== 'degraded') throw refused();
      const rotated = await live({ ...state.claims, sid: newSessionId(), secret: secrets.signing });
      ended.add(state.place.key);
      return rotated;
    },
    async end({ key }) {
      ended.add(key);
    },
    isDue: (state) => state.kind === 'degraded' && clock.now() - state.claims.issuedAt >= options.refreshMs,
    refresh: async (state) => (state.kind === 'degraded' ? live(state.claims) : { state, cookie: null }),
  };
}

function refused(): CachegateError {
  const message = 'Sessions are kept in their tokens alone (mode jwt) and hold no data';
  return new CachegateError('ERR_SESSION_DEGRADED', message);
}
