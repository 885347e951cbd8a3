import { createHmac, hkdfSync } from 'node:crypto';
import { CachegateError } from '../../errors.ts';

/** What is derived from one of the configured secrets. */
export interface SessionSecret {
  /** Names the secret in tokens, and says nothing of it: 8 characters. */
  readonly kid: string;
  /** Of HMAC-SHA-256: 32 bytes. */
  readonly signingKey: Uint8Array;
  /** A keyed hash (HMAC-SHA-256, 128 bits of it, base64url), under which the store knows what must not be seen there. */
  digest(value: string): string;
}

export interface SessionSecrets {
  /** The newest: signs, and makes the digests of new sessions. */
  readonly signing: SessionSecret;
  byKid(kid: string): SessionSecret | undefined;
  /** Newest first, each once. */
  readonly all: readonly SessionSecret[];
}

const MAX_SECRETS = 8;
const MIN_LENGTH = 32;
const MAX_LENGTH = 1_024;
const KEY_BYTES = 32;
const KID_BYTES = 6;
const DIGEST_BYTES = 16;

/**
 * Derives what sessions need from `secrets`, newest first, by HKDF-SHA-256 (RFC 5869).
 *
 * @param namespace is part of every derivation: deployments that share a secret don't accept each other's tokens.
 * @throws CachegateError `ERR_CONFIG_INVALID` for what is no list of 1 to 8 secrets of 32 to 1024 characters
 */
export function createSessionSecrets(secrets: readonly string[], namespace: string): SessionSecrets {
  // A text in the place of the list would be a list of its characters, and the first of them the key.
  if (!areSecrets(secrets)) throw new CachegateError('ERR_CONFIG_INVALID', ACCEPTED);
  const byKid = new Map<string, SessionSecret>();
  for (const secret of secrets) {
    const derived = derive(secret, namespace);
    if (!byKid.has(derived.kid)) byKid.set(derived.kid, derived);
  }
  const all = [...byKid.values()];
  return { signing: all[0]!, byKid: (kid) => byKid.get(kid), all };
}

const ACCEPTED = `secrets: a list of 1 to ${MAX_SECRETS} secrets of ${MIN_LENGTH} to ${MAX_LENGTH} characters, the newest first`;

function areSecrets(secrets: unknown): boolean {
  const isSecret = (each: unknown) =>
    typeof each === 'string' && each.length >= MIN_LENGTH && each.length <= MAX_LENGTH;
  if (!Array.isArray(secrets)) return false;
  return secrets.length >= 1 && secrets.length <= MAX_SECRETS && secrets.every(isSecret);
}

/** Keys for separate ends (RFC 5869 §3.2): none of them tells anything of another. */
function derive(secret: string, namespace: string): SessionSecret {
  const expand = (end: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', secret, '', `cachegate session ${end}\n${namespace}`, bytes));
  const hashKey = expand('hash key', KEY_BYTES);
  const derived = {
    kid: expand('kid', KID_BYTES).toString('base64url'),
    digest: (value: string) =>
      createHmac('sha256', hashKey).update(value).digest().subarray(0, DIGEST_BYTES).toString('base64url'),
  };
  // Not to be seen where claims are shown, in a log or by a debugger.
  const signingKey = { value: expand('signing key', KEY_BYTES), enumerable: false };
  return Object.freeze(Object.defineProperty(derived, 'signingKey', signingKey)) as unknown as SessionSecret;
}
