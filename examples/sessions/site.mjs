import { createCachegate } from 'cachegate/app';
import { PAGE_FIELDS, renderPage } from './page.mjs';
import { TEXTS } from './texts.mjs';

// What the three applications have in common: the site, and how it uses the session. Each of them puts it into its
// framework.

export const PORT = Number(process.env.PORT ?? 3000);

/** The parts of cachegate. The store is the one that CACHE_URL names, the key of the tokens is SESSION_SECRET. */
export const cachegate = await createCachegate({
  sessions: {
    // On http://localhost Chromium and Firefox keep a secure cookie too, and Safari does not.
    cookie: { name: 'session', secure: process.env.NODE_ENV === 'production' },
  },
  // Of logins, by client address.
  rate_limit: { limit: 20, window_seconds: 60 },
});

/**
 * @typedef {import('cachegate/session').Session} Session
 * @typedef {{ status: number, headers: Record<string, string>, body: string }} Answer
 */

/** @param {Session} session */
export function home(session) {
  return page(session, null);
}

/**
 * @param {Session} session
 * @param {{ user?: unknown, password?: unknown }} form
 */
export async function logIn(session, { user, password }) {
  // Where yours looks into its accounts.
  if (user !== 'demo' || password !== 'demo') {
    return page(session, TEXTS.wrong, 422, typeof user === 'string' ? user : '');
  }
  return stored(session, () => session.login('demo'));
}

/** @param {Session} session */
export async function count(session) {
  if (session.user === null) return home(session);
  return stored(session, () =>
    session.update('count', (/** @type {number | undefined} */ before) => (before ?? 0) + 1),
  );
}

/** @param {Session} session */
export async function logOut(session) {
  return stored(session, () => session.logout());
}

/**
 * Goes back to the page when it is done, and tells when the store is away.
 *
 * @param {Session} session
 * @param {() => Promise<unknown>} change
 * @returns {Promise<Answer>}
 */
async function stored(session, change) {
  try {
    await change();
    return { status: 303, headers: { Location: '/', 'Cache-Control': 'no-store' }, body: '' };
  } catch (error) {
    if (/** @type {{ code?: unknown }} */ (error).code !== 'ERR_SESSION_DEGRADED') throw error;
    return page(session, TEXTS.notStored, 503);
  }
}

/**
 * @param {Session} session
 * @param {string | null} error
 * @returns {Answer}
 */
function page(session, error, status = 200, tried = '') {
  const { user, degraded, unavailable } = session;
  const isAway = degraded || cachegate.sessions?.status().degraded === true;
  const body = renderPage({
    user,
    unknown: unavailable,
    tried,
    count: degraded ? null : Number(session.get('count') ?? 0),
    notice: unavailable ? TEXTS.unavailable : isAway ? TEXTS.degraded : null,
    error,
  });
  return { status, headers: PAGE_FIELDS, body };
}

/**
 * Says where it is, and closes it when the process is asked to end.
 *
 * @param {() => Promise<void>} close
 */
export function serveUntilAsked(close) {
  console.log(`Listening on http://localhost:${PORT}`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void close());
  }
}

const CLOSE_MS = 2_000;

/**
 * Lets the requests under way come to their end, for they need the store; not those that take too long.
 *
 * @param {Pick<import('node:http').Server, 'close' | 'closeAllConnections'>} server
 */
export async function closed(server) {
  const late = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(late);
}
