import { CachegateError } from '../../errors.ts';
import { soleCookieValue } from '../../http/cookie.ts';

export type SameSite = 'Lax' | 'Strict' | 'None';

export interface SessionCookieOptions {
  /** Without a prefix, or with the one that the other options lead to. */
  readonly name: string;
  readonly secure: boolean;
  readonly sameSite: SameSite;
  readonly path: string;
  /** Sends it to the domain's other hosts too; without one it goes to this host alone. */
  readonly domain?: string | undefined;
}

/** The cookie that a session's token travels in. */
export interface SessionCookie {
  /**
   * The name in requests: with the prefix that keeps other hosts of the domain from setting it (`__Host-`), or those
   * without TLS at least (`__Secure-`; RFC 6265bis §4.1.3).
   */
  readonly name: string;
  /** The token of a `Cookie` value; `null` when there is none, or several that differ: one of them was tossed in. */
  read(cookieHeader: string): string | null;
  /**
   * The `Set-Cookie` value that gives a browser the token, for `maxAgeSeconds` (a whole number from 1).
   *
   * @throws CachegateError `ERR_SESSION_TOO_LARGE` for more than browsers keep
   */
  set(token: string, maxAgeSeconds: number): string;
  /** The `Set-Cookie` value that takes it away. */
  clear(): string;
}

/** What browsers keep of a cookie at least: name, value and attributes (RFC 6265 §6.1). */
const MAX_COOKIE_BYTES = 4096;
// max-age-av begins with another digit than 0 (RFC 6265 §4.1.1), so that a cookie goes by a date that has passed. To stay
// it needs Max-Age alone, which does not depend on the browser's clock.
const LONG_AGO = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT';

/** @throws CachegateError `ERR_CONFIG_INVALID` for a cookie that browsers would refuse */
export function createSessionCookie(options: SessionCookieOptions): SessionCookie {
  const name = prefixedName(options);
  const attributes = attributesOf(options);
  return {
    name,
    read: (cookieHeader) => soleCookieValue(cookieHeader, name),
    set(token, maxAgeSeconds) {
      const value = `${name}=${token}; Max-Age=${maxAgeSeconds}; ${attributes}`;
      if (Buffer.byteLength(value) <= MAX_COOKIE_BYTES) return value;
      throw new CachegateError(
        'ERR_SESSION_TOO_LARGE',
        `The session's cookie would have more than ${MAX_COOKIE_BYTES} bytes: shorten the user's name or the roles`,
      );
    },
    clear: () => `${name}=; ${LONG_AGO}; ${attributes}`,
  };
}

// RFC 9110 §5.6.2; attribute values are what RFC 6265 §4.1.1 leaves them, less what no path and no host has.
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const PATH = /^\/[\x21-\x3a\x3c-\x7e]*$/;
const DOMAIN = /^[\w-]+(?:\.[\w-]+)*$/;
const ANY_PREFIX = /^__(?:Host|Secure|Http|Host-Http)-/i;

function prefixedName({ name, secure, path, domain }: SessionCookieOptions): string {
  if (!TOKEN.test(name))
    throw invalid('The name of the session cookie has characters that a cookie can not have');
  const prefix = !secure ? '' : path === '/' && domain === undefined ? '__Host-' : '__Secure-';
  if (!ANY_PREFIX.test(name)) return prefix + name;
  if (prefix !== '' && name.startsWith(prefix)) return name;
  throw invalid(
    'The prefix of the session cookie does not go with its other attributes; leave it out of the name',
  );
}

function attributesOf({ secure, sameSite, path, domain }: SessionCookieOptions): string {
  if (sameSite === 'None' && !secure) throw invalid('A session cookie with SameSite=None has to be secure');
  if (!PATH.test(path)) throw invalid("The session cookie's path is no path");
  if (domain !== undefined && !DOMAIN.test(domain)) throw invalid("The session cookie's domain is no domain");
  return [
    `Path=${path}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(secure ? ['Secure'] : []),
    'HttpOnly',
    `SameSite=${sameSite}`,
  ].join('; ');
}

function invalid(message: string): CachegateError {
  return new CachegateError('ERR_CONFIG_INVALID', message);
}
