import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import type { Authority, Validation, ValidSession } from '../authority.ts';
import type { PresentedSession } from '../presented-session.ts';
import type { OpenAsker } from './asker.ts';
import { rolesFrom, userFrom } from './identity-sources.ts';
import { type JsonPointer, parseJsonPointer, pointedAt } from './json-pointer.ts';
import { createRemoteKeys, KeysUnavailable, type PublishedKeys } from './remote-keys.ts';

export interface TokenAuthorityOptions {
  readonly name: string;
  /** Where the issuer publishes its keys (JWKS). Redirects are not followed. */
  readonly jwksUrl: URL;
  /** Default: RS256, ES256, PS256, EdDSA. */
  readonly algorithms?: readonly string[];
  /** One of them must be the token's `iss`; left out: it is not looked at. */
  readonly issuer?: string | readonly string[];
  /** One of them must be in the token's `aud`; left out: it is not looked at. */
  readonly audience?: string | readonly string[];
  /** Where whose it is stands in the token: a claim's name, or a JSON pointer. Default: `sub`. */
  readonly userClaim?: string;
  /** The same for roles: a list, or a text with commas (in `scope`, with spaces). Left out: no roles. */
  readonly rolesClaim?: string;
  /** Milliseconds for a fetch of the keys. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** By whom the keys are fetched. */
  readonly openAsker: OpenAsker;
  /** How many verified tokens are remembered. Default: 10,000. */
  readonly maxRemembered?: number;
}

const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'];
// Whoever can check a signature of these can make one, and `none` is no signature.
const SYMMETRIC = /^(?:none|HS\d+)$/i;
const USELESS = 'the token’s key is of no use';

const TOLERANCE_SECONDS = 5;
const MAX_REMEMBERED = 10_000;

// Anything else costs nobody a fetch.
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

interface Remembered {
  readonly valid: ValidSession;
  readonly expiresAt: number;
  /** It is worth nothing once they have changed: its key may have been taken back. */
  readonly by: PublishedKeys;
}

/**
 * An authority that need not be asked: the session's id is a JWT, checked by the keys that its issuer publishes. A token
 * that was found valid is remembered until it expires, or the keys change.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for algorithms that prove nothing, or a claim that is none
 */
export function createTokenAuthority(options: TokenAuthorityOptions): Authority {
  const { name, timeoutMs, clock, openAsker } = options;
  const keys = createRemoteKeys({ url: options.jwksUrl, timeoutMs, clock, openAsker });
  const checks = checksOf(options);
  const user = placeOf(options.userClaim ?? 'sub');
  const roles = options.rolesClaim === undefined ? null : placeOf(options.rolesClaim);
  const remembered = new LRUCache<string, Remembered>({ max: options.maxRemembered ?? MAX_REMEMBERED });

  function identify(claims: JWTPayload): Validation {
    const who = userFrom(pointedAt(claims, user.pointer));
    if (who === undefined) return unavailable(`no user in the claim ${user.claim}`);
    const found = roles === null ? undefined : pointedAt(claims, roles.pointer);
    const may = found === undefined || found === null ? [] : rolesFrom(found, roles!.separator);
    if (may === null) return unavailable(`no usable roles in the claim ${roles!.claim}`);
    return { verdict: 'valid', identity: { user: who, roles: may }, expiresAt: claims.exp! * 1000 };
  }

  async function keyFor(header: JWTHeaderParameters) {
    const by = await keys.current();
    try {
      return { key: await keyIn(by, header), by };
    } catch (error) {
      const newer = error instanceof errors.JWKSNoMatchingKey ? await keys.newerThan(by) : null;
      if (newer === null) throw error;
      return { key: await keyIn(newer, header), by: newer };
    }
  }

  async function validate({ id, storeKey }: PresentedSession): Promise<Validation> {
    if (!COMPACT_JWS.test(id)) return { verdict: 'invalid', detail: 'no signed token' };
    let by: PublishedKeys | null = null;
    const find = async (header: JWTHeaderParameters) => {
      const found = await keyFor(header);
      by = found.by;
      return found.key;
    };
    try {
      const options = { ...checks, currentDate: new Date(clock.now()) };
      const validation = identify((await jwtVerify(id, find, options)).payload);
      if (validation.verdict === 'valid') {
        const valid: ValidSession = { kind: 'valid', identity: validation.identity! };
        remembered.set(storeKey, { valid, expiresAt: validation.expiresAt!, by: by! });
      }
      return validation;
    } catch (error) {
      return failureOf(error);
    }
  }

  return {
    name,
    timeoutMs,
    validate,
    recall({ storeKey }) {
      const found = remembered.get(storeKey);
      if (found === undefined) return null;
      if (found.expiresAt > clock.now() && found.by === keys.latest()) return found.valid;
      remembered.delete(storeKey);
      return null;
    },
    forget: ({ storeKey }) => void remembered.delete(storeKey),
    close: () => keys.close(),
  };
}

async function keyIn(keys: PublishedKeys, header: JWTHeaderParameters) {
  try {
    return await keys.find(header);
  } catch (error) {
    // There is none, or it can't be said which: that is the token's fault.
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
      throw error;
    throw new KeysUnavailable(USELESS, { cause: error });
  }
}

function failureOf(error: unknown): Validation {
  if (error instanceof KeysUnavailable) return unavailable(error.message);
  if (error instanceof errors.JWTClaimValidationFailed) return invalid(`${error.code} (${error.claim})`);
  if (error instanceof errors.JOSEError) return invalid(error.code);
  // Such as an RSA key that is too short to prove anything.
  return unavailable(USELESS);
}

function invalid(detail: string): Validation {
  return { verdict: 'invalid', detail };
}

function unavailable(detail: string): Validation {
  return { verdict: 'unavailable', detail };
}

function checksOf({ algorithms = ALGORITHMS, issuer, audience }: TokenAuthorityOptions) {
  const refused = algorithms.find((algorithm) => SYMMETRIC.test(algorithm));
  if (refused !== undefined || algorithms.length === 0) {
    throw new CachegateError('ERR_CONFIG_INVALID', `${refused ?? 'no algorithm'} proves nothing of a token`);
  }
  return {
    algorithms: [...algorithms],
    ...(issuer !== undefined && { issuer: [issuer].flat() as string[] }),
    ...(audience !== undefined && { audience: [audience].flat() as string[] }),
    clockTolerance: TOLERANCE_SECONDS,
    // A token that never expires could never be forgotten.
    requiredClaims: ['exp'],
  };
}

interface ClaimPlace {
  readonly claim: string;
  readonly pointer: JsonPointer;
  /** `scope` is a list with spaces (RFC 8693 §4.2); elsewhere a role's name may hold some. */
  readonly separator: ',' | ' ';
}

function placeOf(claim: string): ClaimPlace {
  // Names of claims may hold slashes, as URLs do, and begin with none.
  const pointer = claim.startsWith('/') ? parseJsonPointer(claim) : [claim];
  if (pointer === null) throw new CachegateError('ERR_CONFIG_INVALID', `${claim} is no JSON pointer`);
  return { claim, pointer, separator: pointer.at(-1) === 'scope' ? ' ' : ',' };
}
