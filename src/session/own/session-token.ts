import { type CryptoKey, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import type { MaybePromise } from '../../store/store.ts';
import { claimsOf, payloadOf, type SessionClaims, UNFIT_NAMES } from './session-claims.ts';
import type { SessionSecret, SessionSecrets } from './session-secrets.ts';

/** Makes and checks what the session's cookie holds: a signed JWT (RFC 7519), as a compact JWS with HS256. */
export interface SessionTokens {
  /**
   * A token of `claims`, signed by the newest secret. Their instants are cut to whole seconds.
   *
   * @throws CachegateError `ERR_SESSION_VALUE` for a user or roles that `verify` would not take, `ERR_SESSION_TOO_LARGE`
   */
  sign(claims: SessionClaims): Promise<string>;
  /**
   * What a token says; `null` for one that isn't ours, has been changed, or has expired. At once for one that was made or
   * verified here before. Never rejects.
   */
  verify(token: string): MaybePromise<SessionClaims | null>;
}

export interface SessionTokensOptions {
  readonly secrets: SessionSecrets;
  readonly clock: Clock;
  /** How many verified tokens are remembered: a check costs more than all else of a request. */
  readonly maxRemembered?: number;
}

const ALGORITHM = 'HS256';
/** Tells session tokens from any other JWT (RFC 8725 §3.11). */
const TOKEN_TYPE = 'cachegate-session+jwt';
const MAX_TOKEN_LENGTH = 4096;
const MAX_REMEMBERED = 10_000;
/** What a machine's clock may be behind that of the one that signed. */
const CLOCK_TOLERANCE_MS = 60_000;

// The 43 characters of a signature of 256 bits hold 258: the last two are zero in ours. Other readers of base64url
// overlook them, and would take four spellings for one token.
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/;

export function createSessionTokens(options: SessionTokensOptions): SessionTokens {
  const { secrets, clock } = options;
  const remembered = new LRUCache<string, SessionClaims>({ max: options.maxRemembered ?? MAX_REMEMBERED });
  // Never more than there are requests under way.
  const flights = new Map<string, Promise<SessionClaims | null>>();
  const keys = createKeys();

  async function check(token: string): Promise<SessionClaims | null> {
    try {
      const { payload, protectedHeader } = await jwtVerify(
        token,
        (header) => keys.of(secrets.byKid(header.kid ?? '')),
        { algorithms: [ALGORITHM], typ: TOKEN_TYPE, currentDate: new Date(clock.now()) },
      );
      const claims = claimsOf(payload, secrets.byKid(protectedHeader.kid ?? '')!, secrets);
      if (claims === null || claims.issuedAt > clock.now() + CLOCK_TOLERANCE_MS) return null;
      remembered.set(ownCopy(token), claims);
      return claims;
    } catch {
      // Whatever was wrong with it, nobody is told.
      return null;
    }
  }

  return {
    async sign(claims) {
      const payload = payloadOf(claims, secrets.signing);
      const signed = claimsOf(payload, secrets.signing, secrets);
      if (signed === null) throw new CachegateError('ERR_SESSION_VALUE', UNFIT_NAMES);
      const token = await new SignJWT(payload)
        .setProtectedHeader({ alg: ALGORITHM, kid: secrets.signing.kid, typ: TOKEN_TYPE })
        .sign(await keys.of(secrets.signing));
      if (token.length > MAX_TOKEN_LENGTH) throw new CachegateError('ERR_SESSION_TOO_LARGE', TOO_LARGE);
      remembered.set(token, signed);
      return token;
    },
    verify(token) {
      const known = remembered.get(token);
      if (known !== undefined) {
        if (known.expiresAt > clock.now()) return known;
        remembered.delete(token);
        return null;
      }
      if (token.length > MAX_TOKEN_LENGTH || !TOKEN.test(token)) return null;
      let flight = flights.get(token);
      if (flight === undefined) {
        flight = check(token).finally(() => flights.delete(token));
        flights.set(token, flight);
      }
      return flight;
    },
  };
}

const TOO_LARGE = `A session's user and roles take more than the ${MAX_TOKEN_LENGTH} characters of a token`;

/** The keys as WebCrypto has them, imported once: jose would do it anew for each token. */
function createKeys(): { of(secret: SessionSecret | undefined): Promise<CryptoKey> } {
  const imported = new Map<SessionSecret, Promise<CryptoKey>>();
  return {
    async of(secret) {
      if (secret === undefined) throw new Error('no such key');
      let key = imported.get(secret);
      if (key === undefined) {
        key = crypto.subtle.importKey('raw', secret.signingKey, HMAC, false, ['sign', 'verify']);
        imported.set(secret, key);
      }
      return key;
    },
  };
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' };

/** A copy that keeps no larger string alive, as a part of a `Cookie` value would. */
function ownCopy(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1');
}
