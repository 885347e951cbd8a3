import type { JWTPayload } from 'jose';
import { isSessionId } from './session-ids.ts';
import type { SessionSecret, SessionSecrets } from './session-secrets.ts';

/** What a session's token says. Instants are in milliseconds since the epoch, on whole seconds as the token has them. */
export interface SessionClaims {
  /** The session's id (`session-ids.ts`). */
  readonly sid: string;
  /** Who has logged in; `null`: nobody. */
  readonly user: string | null;
  readonly roles: readonly string[];
  readonly issuedAt: number;
  /** The end of the idle lifetime; never after `endsAt`. */
  readonly expiresAt: number;
  /** The end of the absolute lifetime. */
  readonly endsAt: number;
  /** The secret that the session was made with, and is found in the store by. */
  readonly secret: SessionSecret;
}

/** A user's name has 1 to so many characters, and so has a role's. */
export const MAX_NAME_LENGTH = 256;
export const MAX_ROLES = 32;
/** Why a user or roles are refused. */
export const UNFIT_NAMES = `A session's user has 1 to ${MAX_NAME_LENGTH} characters; it has at most ${MAX_ROLES} roles of 1 to ${MAX_NAME_LENGTH}`;

/** The claims as the payload of a token that `signing` signs. */
export function payloadOf(claims: SessionClaims, signing: SessionSecret): JWTPayload {
  return {
    sid: claims.sid,
    ...(claims.user === null ? {} : { sub: claims.user }),
    ...(claims.roles.length === 0 ? {} : { roles: claims.roles }),
    ...(claims.secret === signing ? {} : { k: claims.secret.kid }),
    iat: seconds(claims.issuedAt),
    exp: seconds(claims.expiresAt),
    end: seconds(claims.endsAt),
  };
}

/**
 * The claims of a payload that was signed by `signer`; `null` unless each is there and of the right type. A valid
 * signature says who wrote it, not that it was this program in this release.
 */
export function claimsOf(
  { sid, sub, roles, k, iat, exp, end }: JWTPayload,
  signer: SessionSecret,
  secrets: SessionSecrets,
): SessionClaims | null {
  const secret = k === undefined ? signer : typeof k === 'string' ? secrets.byKid(k) : undefined;
  if (secret === undefined || !isSessionId(sid)) return null;
  if (sub !== undefined && !isName(sub)) return null;
  if (roles !== undefined && !isRoles(roles)) return null;
  if (!isInstant(iat) || !isInstant(exp) || !isInstant(end) || exp > end) return null;
  return Object.freeze({
    sid,
    user: sub ?? null,
    roles: Object.freeze([...(roles ?? [])]),
    issuedAt: iat * 1000,
    expiresAt: exp * 1000,
    endsAt: end * 1000,
    secret,
  });
}

const seconds = (ms: number) => Math.floor(ms / 1000);

/** Whether it can be a user's name, or a role's. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH;
}

export function isRoles(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_ROLES && value.every(isName);
}

/** Whole seconds since the epoch whose milliseconds are a number that is exact too. */
function isInstant(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_INSTANT;
}

const MAX_INSTANT = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
