import { CachegateError } from '../../errors.ts';
import type { SessionClaims } from './session-claims.ts';
import { newSessionId } from './session-ids.ts';
import { issue, type LifeOptions, type Lived, refuseForeign, type SessionLife } from './session-life.ts';
import { placeOf } from './session-place.ts';

/** The life of sessions whose tokens are all there is of them (`SESSION_MODE=jwt`): no data, and ends known here alone. */
export function createTokenLife(options: LifeOptions): SessionLife {
  const { keys, ended, tokens, secrets, cookie, clock, idleMs } = options;

  async function live(claims: Omit<SessionClaims, 'issuedAt' | 'expiresAt'>): Promise<Lived> {
    const issuedAt = clock.now();
    const renewed = { ...claims, issuedAt, expiresAt: Math.min(issuedAt + idleMs, claims.endsAt) };
    const place = placeOf(keys, claims.sid, claims.secret);
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
