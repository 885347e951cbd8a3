import type { ValidSession } from './authority.ts';
import type { Identity } from './identity.ts';
import { decodeIdentity, encodeIdentity } from './identity-values.ts';

/** How the verdict on a valid session stands in a store. */
export interface VerdictForm {
  /** `null` for what it has no form for. */
  encode(identity: Identity | null): Buffer | null;
  /** The same object for the same Buffer; `null` for anything else than `encode` makes. */
  decode(bytes: Buffer): ValidSession | null;
}

/** A valid session of which nobody has asked whose it is. */
export const VALID: ValidSession = { kind: 'valid', identity: null };

// Readable in the store, as dashboards and people expect it.
const VALID_BYTES = Buffer.from('true');

const VALID_WORD = VALID_BYTES.readUInt32LE();

/** `true`, for verdicts that say no more. */
export const plainVerdicts: VerdictForm = {
  encode: () => VALID_BYTES,
  // Its four bytes as one number: sooner compared than by a call into the runtime, on every hit.
  decode: (bytes) => (bytes.length === 4 && bytes.readUInt32LE() === VALID_WORD ? VALID : null),
};

/**
 * JSON, for verdicts with whose the session is.
 * @param by names the authority and how it is asked: what is kept by another says nothing here
 */
export function createIdentityVerdicts(by: string): VerdictForm {
  // A near store answers with one Buffer for as long as its copy lasts, which is decoded once.
  const decoded = new WeakMap<Buffer, ValidSession>();
  return {
    encode: (identity) => (identity === null ? null : encodeIdentity(identity, by)),
    decode(bytes) {
      const known = decoded.get(bytes);
      if (known !== undefined) return known;
      const identity = decodeIdentity(bytes, by);
      if (identity === null) return null;
      const session: ValidSession = { kind: 'valid', identity };
      decoded.set(bytes, session);
      return session;
    },
  };
}
