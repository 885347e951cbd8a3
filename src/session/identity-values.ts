import type { Identity } from './identity.ts';

// They go into keys, fields and tokens: bounded, and nothing that no field could carry.
const MAX_LENGTH = 256;
const MAX_ROLES = 32;
const MAX_ROLES_LENGTH = 2_048;
// U+FFFD stands for bytes that were no text: two names that differ in such bytes would be one.
const UNUSABLE = /[\p{Cc}\p{Cs}\u{FFFD}]/u;

/** Whether a text can be a user's name or a role: 1 to 256 characters, none of them a control or half a pair. */
export function isIdentityText(found: unknown): found is string {
  return typeof found === 'string' && found !== '' && found.length <= MAX_LENGTH && !UNUSABLE.test(found);
}

/** The roles of an identity: in order, each once; `null` for what can't be roles, or more than 32 or too long together. */
export function rolesOf(found: readonly unknown[]): readonly string[] | null {
  const roles = [...new Set(found)];
  if (roles.length > MAX_ROLES || !roles.every(isIdentityText)) return null;
  return roles.join('').length > MAX_ROLES_LENGTH ? null : roles.sort();
}

/** An identity as JSON: `{"user":…,"roles":[…],"by":…}`. @param by names those who have found it out, and how */
export function encodeIdentity({ user, roles }: Identity, by: string): Buffer {
  return Buffer.from(JSON.stringify({ user, roles, by }));
}

/** What `encodeIdentity` made for the same `by`; `null` for anything else, such as a later release's. */
export function decodeIdentity(bytes: Buffer, by: string): Identity | null {
  try {
    const found: unknown = JSON.parse(bytes.toString());
    return isFoundBy(found, by) ? { user: found.user, roles: found.roles } : null;
  } catch {
    return null;
  }
}

function isFoundBy(found: unknown, by: string): found is Identity {
  if (typeof found !== 'object' || found === null || Object.keys(found).length !== 3) return false;
  const { user, roles, by: finder } = found as { user?: unknown; roles?: unknown; by?: unknown };
  if (finder !== by) return false;
  if (user !== null && !isIdentityText(user)) return false;
  if (!Array.isArray(roles)) return false;
  const ordered = rolesOf(roles);
  return ordered !== null && ordered.length === roles.length && ordered.every((role, i) => role === roles[i]);
}
