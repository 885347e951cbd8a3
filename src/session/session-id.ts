/** Longer than any session id in use (Django's have 32 characters), short enough for a store's key. */
export const MAX_SESSION_ID_LENGTH = 256;

/** Of a token that carries claims itself; what is longer fits no cookie (RFC 6265 §6.1). */
export const MAX_TOKEN_LENGTH = 4096;

// cookie-octet of RFC 6265 §4.1.1: visible ASCII without DQUOTE, comma, semicolon and backslash.
const COOKIE_OCTETS = /^[\x21\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]+$/;

/** Whether `id` could have come from a cookie at all; anything else is refused without asking anyone. */
export function isWellFormedSessionId(id: string, maxLength = MAX_SESSION_ID_LENGTH): boolean {
  return id.length <= maxLength && COOKIE_OCTETS.test(id);
}

const SHOWN_CHARACTERS = 8;

/** What of an id may be shown: its first 8 characters, and never all of it. A session id is a secret. */
export function cutSessionId(id: string): string {
  return id.slice(0, id.length > SHOWN_CHARACTERS ? SHOWN_CHARACTERS : Math.floor(id.length / 2));
}
