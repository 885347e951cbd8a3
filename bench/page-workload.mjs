import assert from 'node:assert/strict';
import { request } from 'undici';

/** The page of a logged-in user, whose name and number come from the session: what the rows of own sessions serve. */

export const USER = 'ada';
export const NUMBER = 7;
export const IDLE_SECONDS = 1_800;
/** 32 characters at least, as all three kinds of servers ask for. */
export const SECRET = 'for a benchmark on loopback: nothing secret is in it';

export const PAGE_TARGET = '/';
export const LOGIN_TARGET = `/login?user=${USER}`;
export const LOGOUT_TARGET = '/logout';

/** @param {string | null | undefined} user @param {unknown} number */
export function pageText(user, number) {
  return user ? `Hello ${user}, n=${number}` : 'Hello stranger';
}

const WARM_REQUESTS = 20;
const AT_ONCE = 16;
const DEADLINE_MS = 10_000;

/** @type {import('./rounds.mjs').Workload} */
export const pageWorkload = {
  target: PAGE_TARGET,
  origin: '',
  field: 'Cookie',
  async warmAndCheck(peer, { store }) {
    const cookies = await this.sessionsFor(peer, WARM_REQUESTS);
    await checkStrangers(peer);
    await checkLogout(peer);
    const before = await store.commands();
    for (const cookie of cookies) await checkPage(peer, cookie);
    const commands = (await store.commands()) - before;
    if (peer.usesStore) {
      const problem = `${peer.name}: ${WARM_REQUESTS} requests made ${commands} store commands`;
      assert.ok(commands >= WARM_REQUESTS, problem);
    }
  },
  // New ones each time: a browser takes the new cookie that it is given once a minute, and wrk does not.
  async sessionsFor(peer, count) {
    const cookies = await atOnce(Array.from({ length: count }), () => logIn(peer));
    assert.equal(new Set(cookies).size, count, `${peer.name}: a session was given twice`);
    await atOnce(cookies, (cookie) => checkPage(peer, cookie));
    return cookies;
  },
};

async function logIn(peer) {
  const { status, headers } = await ask(peer, 'POST', LOGIN_TARGET);
  assert.ok(status < 400, `${peer.name}: the login was answered with ${status}`);
  const [set] = [headers['set-cookie']].flat();
  assert.ok(set, `${peer.name}: the login set no cookie`);
  return set.split(';', 1)[0];
}

async function checkPage(peer, cookie) {
  const { status, body } = await ask(peer, 'GET', PAGE_TARGET, cookie);
  assert.deepEqual([status, body], [200, pageText(USER, NUMBER)], `${peer.name}: the page of a user`);
}

async function checkStrangers(peer) {
  for (const cookie of [undefined, 'connect.sid=s%3Ax.y; sessionId=x.y; session=x.y.z']) {
    const { status, headers, body } = await ask(peer, 'GET', PAGE_TARGET, cookie);
    assert.deepEqual([status, body], [200, pageText(null)], `${peer.name}: the page of a stranger`);
    assert.equal(hasNewCookie(headers), false, `${peer.name}: a stranger was given a session`);
  }
}

/** A cookie that is taken away may be set. */
const hasNewCookie = (headers) => [headers['set-cookie'] ?? []].flat().some((set) => !/^[^=]+=;/.test(set));

async function checkLogout(peer) {
  const cookie = await logIn(peer);
  await checkPage(peer, cookie);
  await ask(peer, 'POST', LOGOUT_TARGET, cookie);
  const { body } = await ask(peer, 'GET', PAGE_TARGET, cookie);
  assert.equal(body, pageText(null), `${peer.name}: the page after the logout, with the old cookie`);
}

async function atOnce(items, act) {
  const results = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(act))));
  }
  return results;
}

async function ask({ port }, method, target, cookie) {
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}${target}`, {
    method,
    headers: cookie === undefined ? {} : { Cookie: cookie },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  return { status: statusCode, headers, body: await body.text() };
}
