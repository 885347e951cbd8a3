import { randomBytes } from 'node:crypto';

// OWASP asks for 64 bits at least; with 128 nobody guesses one of any number of sessions.
const ID_BYTES = 16;

// 22 characters hold 132 bits: the last four are none of the id's, and zero, so that an id has one form only.
const SESSION_ID = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** A new session's id: 128 bits of the system's generator as 22 characters of base64url. A secret. */
export function newSessionId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

/** Whether `newSessionId` could have made it. */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && SESSION_ID.test(value);
}
