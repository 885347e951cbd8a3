/** A session as a middleware has it: its cookie's attributes, and whatever else the application keeps in it, as JSON. */
export interface MiddlewareSession {
  readonly cookie: MiddlewareCookie;
}

/** What of a cookie's attributes says how long its session lasts. */
export interface MiddlewareCookie {
  /** When it ends, as a `Date` or its JSON; nothing: with the browser. */
  readonly expires?: Date | string | number | boolean | null | undefined;
  /** Milliseconds. */
  readonly originalMaxAge?: number | null | undefined;
}

/** How the bytes of a session begin; JSON follows. */
const FORMAT = 1;
const FORMAT_TEXT = String.fromCharCode(FORMAT);
/** No record outlives this, however late its cookie ends: stores count in numbers that have an end. */
const MAX_TTL_MS = 10 * 365 * 86_400_000;

/** @throws TypeError for what has no JSON */
export function encodeSession(session: MiddlewareSession): Buffer {
  return Buffer.from(FORMAT_TEXT + JSON.stringify(session));
}

/** A session of the caller's own, `null` for what is none. */
export function decodeSession(bytes: Buffer): MiddlewareSession | null {
  if (bytes[0] !== FORMAT) return null;
  try {
    const session: unknown = JSON.parse(bytes.toString('utf8', 1));
    return isSession(session) ? session : null;
  } catch {
    return null;
  }
}

function isSession(value: unknown): value is MiddlewareSession {
  if (typeof value !== 'object' || value === null || !('cookie' in value)) return false;
  return typeof value.cookie === 'object' && value.cookie !== null;
}

/** Whole milliseconds until a session is over, by its cookie; 0 or less: it is. */
export function lifetimeOf({ cookie }: MiddlewareSession, now: number, defaultMs: number): number {
  const expiresAt = instantOf(cookie.expires);
  if (expiresAt !== null) return Math.min(Math.ceil(expiresAt - now), MAX_TTL_MS);
  const { originalMaxAge } = cookie;
  const maxAgeMs = typeof originalMaxAge === 'number' && originalMaxAge > 0 ? originalMaxAge : defaultMs;
  return Math.min(Math.ceil(maxAgeMs), MAX_TTL_MS);
}

function instantOf(expires: MiddlewareCookie['expires']): number | null {
  if (expires === undefined || expires === null || typeof expires === 'boolean') return null;
  const at = new Date(expires).getTime();
  return Number.isNaN(at) ? null : at;
}
