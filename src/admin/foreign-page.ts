import type { IncomingHttpHeaders } from 'node:http';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const OWN_SITES = new Set(['same-origin', 'none']);

/**
 * Whether a page of somebody else's makes this request in its visitor's browser (Fetch Metadata; `Origin`, RFC 6454, where
 * a browser is older). Going to a page from a link elsewhere is no such request. Programs send neither field.
 */
export function isFromForeignPage(method: string, headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  if (origin !== undefined && !isOf(origin, host)) return true;
  const site = headers['sec-fetch-site'];
  if (site === undefined || OWN_SITES.has(String(site))) return false;
  return !(SAFE.has(method) && headers['sec-fetch-mode'] === 'navigate');
}

// The scheme is not compared: a proxy in front may be the one that speaks TLS.
function isOf(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
