import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from './monotonic.mjs';

/**
 * A user with a browser.
 *
 * @typedef {object} User
 * @property {string} name
 * @property {string} cookie of the session; after a logout it is sent on, as a thief would
 * @property {boolean} isOut they have logged out
 * @property {number} counted counts that were acknowledged
 * @property {number} refused counts that were not
 */

/**
 * What users saw.
 *
 * @typedef {object} Seen
 * @property {number[]} pageMs how long each page took
 * @property {number} degradedPages pages that said so
 * @property {number} lost pages of somebody logged in that said otherwise
 * @property {number} returned pages that took somebody for logged in who has logged out
 * @property {number} pageErrors pages answered with a status of 500 or more
 * @property {number} otherPages pages answered with another status than 200
 * @property {number} broken requests without an answer
 * @property {number} counts acknowledged
 * @property {number} refusedCounts answered with 503
 * @property {number} otherCounts answered otherwise
 * @property {number} logouts acknowledged
 * @property {number} failedLogouts
 * @property {Map<string, number>} examples of what was not as it should be
 */

const AT_ONCE = 16;
const DEADLINE_MS = 10_000;
const COUNTS_ONE_IN = 50;
const LOGS_OUT_ONE_IN = 2_000;

/** @param {import('undici').Dispatcher} pool @param {string[]} names @returns {Promise<User[]>} */
export async function logIn(pool, names) {
  const users = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    users.push(...(await Promise.all(names.slice(at, at + AT_ONCE).map((name) => logInOne(pool, name)))));
  }
  return users;
}

async function logInOne(pool, name) {
  const user = { name, cookie: '', isOut: false, counted: 0, refused: 0 };
  const { status } = await ask(pool, user, 'POST', `/login?user=${name}`);
  if (status !== 204 || user.cookie === '')
    throw new Error(`the login of ${name} was answered with ${status}`);
  return user;
}

/**
 * Lets users visit the site one after the other, so many at once, with a short rest after each page, until told to stop.
 *
 * @param {import('undici').Dispatcher} pool
 * @param {User[]} users
 * @param {{ lanes: number, restMs: number, signal: AbortSignal }} options
 * @returns {Promise<Seen>}
 */
export async function visit(pool, users, { lanes, restMs, signal }) {
  setMaxListeners(0, signal);
  const seen = nothingSeen();
  const lane = async (first) => {
    // Each user is of one lane, so that none does two things at once.
    for (let at = first; !signal.aborted; at = at + lanes < users.length ? at + lanes : first) {
      await visitOnce(pool, users[at], seen);
      if (restMs > 0) await delay(restMs * 2 * Math.random());
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)));
  return seen;
}

/** @returns {Seen} */
function nothingSeen() {
  return {
    ...{ pageMs: [], degradedPages: 0, lost: 0, returned: 0, pageErrors: 0, otherPages: 0, broken: 0 },
    ...{ counts: 0, refusedCounts: 0, otherCounts: 0, logouts: 0, failedLogouts: 0, examples: new Map() },
  };
}

async function visitOnce(pool, user, seen) {
  try {
    await look(pool, user, seen);
    if (!user.isOut && chance(COUNTS_ONE_IN)) await count(pool, user, seen);
    if (!user.isOut && chance(LOGS_OUT_ONE_IN)) await logOut(pool, user, seen);
  } catch (error) {
    seen.broken += 1;
    note(seen, `no answer: ${error.code ?? error.message}`);
  }
}

const chance = (oneIn) => Math.random() * oneIn < 1;

async function look(pool, user, seen) {
  const askedAt = monotonicMs();
  // Who has logged out goes on with the old cookie, whatever the answer says.
  const { status, body } = await ask(pool, user.isOut ? { ...user } : user, 'GET', '/');
  seen.pageMs.push(monotonicMs() - askedAt);
  if (status >= 500) seen.pageErrors += 1;
  else if (status !== 200) seen.otherPages += 1;
  if (status !== 200) return note(seen, `page: ${status} ${body}`);
  const page = JSON.parse(body);
  if (page.degraded) seen.degradedPages += 1;
  const isIn = page.user === user.name;
  if (user.isOut && page.user !== null) seen.returned += 1;
  else if (!user.isOut && !isIn) seen.lost += 1;
  else return;
  note(seen, `page of ${user.isOut ? 'somebody logged out' : 'a user'}: ${body.replace(user.name, 'NAME')}`);
}

async function count(pool, user, seen) {
  const { status, body } = await ask(pool, user, 'POST', '/count');
  if (status === 200) {
    user.counted += 1;
    seen.counts += 1;
    return;
  }
  user.refused += 1;
  if (status === 503) seen.refusedCounts += 1;
  else {
    seen.otherCounts += 1;
    note(seen, `count: ${status} ${body}`);
  }
}

async function logOut(pool, user, seen) {
  const { cookie } = user;
  const { status, body } = await ask(pool, user, 'POST', '/logout');
  user.cookie = cookie;
  if (status === 204) {
    user.isOut = true;
    seen.logouts += 1;
    return;
  }
  seen.failedLogouts += 1;
  note(seen, `logout: ${status} ${body}`);
}

function note({ examples }, text) {
  const short = text.slice(0, 120);
  if (examples.has(short) || examples.size < 10) examples.set(short, (examples.get(short) ?? 0) + 1);
}

/** A request of a user, whose browser keeps the cookie that it is given. */
export async function ask(pool, user, method, path) {
  const { statusCode, headers, body } = await pool.request({
    ...{ method, path, headers: user.cookie === '' ? {} : { cookie: user.cookie } },
    ...{ headersTimeout: DEADLINE_MS, bodyTimeout: DEADLINE_MS },
  });
  for (const set of [headers['set-cookie'] ?? []].flat()) user.cookie = set.split(';', 1)[0];
  return { status: statusCode, body: await body.text() };
}
