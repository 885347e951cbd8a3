import { CachegateError } from '../errors.ts';
import { unreadableOrigin } from '../response-cache/origin-error.ts';
import { networkError } from './fetch-failure.ts';
import type { Body, Content } from './request-content.ts';

/** Redirects that are followed for one call (Fetch standard, HTTP-redirect fetch). */
export const MAX_REDIRECTS = 20;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

const OF_CONTENT = [
  ...['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'],
];
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie', 'host'];

/**
 * The request that a redirect leads to (Fetch standard, HTTP-redirect fetch); `null` where it says no place.
 * @throws TypeError for a place that can't be gone to, or content that can't be sent again
 */
export function redirected(request: Request, content: Content | null, response: Response): Request | null {
  const location = response.headers.get('location');
  if (location === null) return null;
  // Of bytes, of which a field's value has one in each character.
  const url = placeOf(Buffer.from(location, 'latin1').toString(), request.url);
  const headers = new Headers(request.headers);
  const { status } = response;
  const isRewritten = status === 303 ? !isRead(request.method) : status < 303 && request.method === 'POST';
  if (isRewritten) for (const name of OF_CONTENT) headers.delete(name);
  if (new URL(request.url).origin !== url.origin) for (const name of CREDENTIALS) headers.delete(name);
  if (isRewritten) return new Request(url, { method: 'GET', headers });
  const body = status === 303 ? null : again(content);
  // The content's own type goes with it: a form has a new boundary.
  if (body instanceof FormData) headers.delete('content-type');
  return new Request(url, { method: request.method, headers, ...(body !== null && { body }) });
}

function placeOf(location: string, base: string): URL {
  const url = URL.canParse(location, base) ? new URL(location, base) : null;
  const isPlace = url !== null && /^https?:$/.test(url.protocol) && url.username + url.password === '';
  if (!isPlace) throw networkError(unreadableOrigin('a redirect to no place'));
  return url;
}

function again(content: Content | null): Body | null {
  if (content === null) return null;
  if (content.kind === 'whole') return content.body;
  const message = 'A redirect asks for the content again, which was a stream or another request’s';
  throw networkError(new CachegateError('ERR_FETCH_UNSUPPORTED', message));
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
