// @ts-check
import { startLoopbackServer } from './loopback-server.mjs';

/** The session that the printed commands use. */
export const SAMPLE_SESSION = 'abc12345k2v9x7q4m8w3z6t1r5y0p2n4';

/**
 * @typedef {object} AuthorityOptions
 * @property {Iterable<string>} [sessions] those signed in; the default is `SAMPLE_SESSION` alone
 * @property {string} [sessionPrefix] every session that begins so is signed in too
 * @property {number} [delayMs] what an answer takes; the default 200 is that of a remote admin
 * @property {number} [port]
 *
 * @typedef {import('./loopback-server.mjs').SampleServer & { apiUrl: string, sessions: Set<string> }} Authority
 *   `apiUrl` is the `WAGTAIL_API_URL` of this server; `sessions` may be changed while it runs
 */

const LOGIN_PATH = '/admin/login/';

/**
 * Answers as a Wagtail admin does to a request with a session cookie: 200 to those signed in, a redirect to
 * the login page to all others, a redirect to the same path with a slash when that is missing.
 *
 * @param {AuthorityOptions} [options]
 * @returns {Promise<Authority>}
 */
export async function startAuthority({
  sessions = [SAMPLE_SESSION],
  sessionPrefix,
  delayMs = 200,
  port,
} = {}) {
  const signedIn = new Set(sessions);
  /** @param {string | undefined} id */
  const isSignedIn = (id) =>
    id !== undefined && (signedIn.has(id) || (sessionPrefix !== undefined && id.startsWith(sessionPrefix)));

  const server = await startLoopbackServer(
    ({ method, url = '/', headers }) => {
      if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { Allow: 'GET, HEAD' } };
      const { pathname, search } = new URL(url, 'http://authority.invalid');
      if (pathname === LOGIN_PATH) return { status: 200, body: '<!doctype html><title>Sign in</title>' };
      if (!pathname.endsWith('/')) return redirect(301, `${pathname}/${search}`);
      if (isSignedIn(sessionOf(headers.cookie)))
        return { status: 200, body: { meta: { total_count: 0 }, items: [] } };
      return redirect(302, `${LOGIN_PATH}?next=${encodeURIComponent(pathname)}`);
    },
    { delayMs, ...(port === undefined ? {} : { port }) },
  );
  return { ...server, sessions: signedIn, apiUrl: `${server.url}/admin/api/main/pages` };
}

/**
 * @param {number} status
 * @param {string} location
 */
function redirect(status, location) {
  return { status, headers: { Location: location } };
}

/** @param {string | undefined} cookie */
function sessionOf(cookie = '') {
  const pair = cookie.split(';').find((part) => part.trim().startsWith('sessionid='));
  return pair?.trim().slice('sessionid='.length);
}
