import { CachegateError } from '../../errors.ts';
import { parseWebOrigin, type WebOrigin } from '../../http/web-origin.ts';
import type { SessionRequest } from './session.ts';

/** Change nothing (RFC 9110 §9.2.1), and are what links of other sites send. Methods' letters count (§9.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Whether a request would change something and was sent by a page of another web origin (CSRF), by what its browser says
 * of it: `Sec-Fetch-Site` (W3C Fetch Metadata), and where the browser doesn't send that, `Origin`.
 *
 * @param allowedOrigins as `allowedOrigins` makes them: their pages may send such requests too.
 */
export function isCrossSite(request: SessionRequest, allowedOrigins: ReadonlySet<string>): boolean {
  if (SAFE_METHODS.has(request.method)) return false;
  const { fetchSite } = request;
  // `none`: typed in or from a bookmark. Both hold whatever `Origin` says, which is `null` for a page's own forms under
  // `Referrer-Policy: no-referrer`, and differs from `Host` behind a proxy that rewrites it.
  if (fetchSite === 'same-origin' || fetchSite === 'none') return false;
  if (request.origin === undefined) {
    // Neither field: no browser of the last years, which send one of them with every unsafe request of another site. Other
    // clients send cookies that they hold anyway (OWASP CSRF Prevention Cheat Sheet, "Identifying the Source Origin").
    return fetchSite !== undefined;
  }
  const origin = parseWebOrigin(request.origin, false);
  if (origin === null) return true;
  if (allowedOrigins.has(originText(origin))) return false;
  // Where the browser has said `cross-site` or `same-site`, it is not this host's, or of another scheme.
  return fetchSite !== undefined || !isOwn(origin, request.host);
}

/**
 * Web origins in the form that they are looked up in.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for what is no `scheme://host[:port]`
 */
export function allowedOrigins(texts: readonly string[]): ReadonlySet<string> {
  const origins = texts.map((text) => {
    const origin = parseWebOrigin(text.toLowerCase(), false);
    if (origin !== null) return originText(origin);
    throw new CachegateError(
      'ERR_CONFIG_INVALID',
      `"${text}" is no web origin, such as https://www.example.com`,
    );
  });
  return new Set(origins);
}

function originText({ scheme, host, port }: WebOrigin): string {
  return `${scheme}://${host}${port === '' ? '' : `:${port}`}`;
}

/** Whether it is this host's, whose scheme a proxy may hide: `https` and `http` count alike. */
function isOwn(origin: WebOrigin, host: string | undefined): boolean {
  if (host === undefined || (origin.scheme !== 'https' && origin.scheme !== 'http')) return false;
  const own = parseWebOrigin(`${origin.scheme}://${host.toLowerCase()}`, false);
  return own !== null && originText(own) === originText(origin);
}
