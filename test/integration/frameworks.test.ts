import { once } from 'node:events';
import { connect } from 'node:net';
import fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CachegateError } from '../../src/errors.ts';
import { cachegatePlugin } from '../../src/frameworks/fastify.ts';
import { CHUNK, CHUNKS, FRAMEWORKS, type FrameworkApp, OWN_COOKIES } from '../support/framework-apps.ts';
import { untilSo } from '../support/server-process.ts';
import { createTestParts, type TestParts } from '../support/test-parts.ts';

const AWAY = new CachegateError('ERR_STORE_UNAVAILABLE', 'The store is away');
const COOKIE =
  /^__Host-session=[\w-]+\.[\w-]+\.[\w-]+; Max-Age=1800; Path=\/; Secure; HttpOnly; SameSite=Lax$/;

describe.each(Object.entries(FRAMEWORKS))('%s', (name, start) => {
  let parts: TestParts;
  let app: FrameworkApp;
  const rejections: unknown[] = [];
  const onRejection = (error: unknown) => rejections.push(error);

  beforeEach(async () => {
    process.on('unhandledRejection', onRejection);
    parts = createTestParts();
    app = await start(parts);
  });

  afterEach(async () => {
    parts.store.heal();
    await app.close();
    process.off('unhandledRejection', onRejection);
    expect(rejections.splice(0)).toEqual([]);
    // Its list is for all answers: what one of them is sent beside it is not in it.
    expect(OWN_COOKIES).toHaveLength(2);
    expect(parts.closed).toBe(true);
  });

  const ask = (path: string, cookie?: string, init: RequestInit = {}) =>
    fetch(app.url + path, {
      ...init,
      headers: { ...(cookie === undefined ? {} : { cookie }), ...(init.headers as Record<string, string>) },
    });
  const post = (path: string, cookie?: string, headers: Record<string, string> = {}) =>
    ask(path, cookie, { method: 'POST', headers });

  /** The session's cookie as an answer sets it. */
  const set = (response: Response) => response.headers.getSetCookie().find((each) => COOKIE.test(each));
  const cookieOf = (response: Response) => set(response)!.split(';')[0]!;
  const login = async () => cookieOf(await post('/login'));
  const who = async (cookie: string) => (await ask('/who', cookie)).json();

  it('an anonymous visitor gets no cookie, and nothing is stored', async () => {
    for (const path of ['/', '/who']) {
      const response = await ask(path);
      expect(response.status).toBe(200);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(response.headers.get('cache-control')).toBeNull();
    }
    expect(await parts.sessionCount()).toBe(0);
    expect(parts.store.calls).toMatchObject({ get: 0, set: 0 });
  });

  it('what is set begins a session, whose cookie nobody keeps with the answer', async () => {
    const response = await post('/set');
    expect(await response.text()).toBe('set');
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(COOKIE)]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await who(cookieOf(response))).toMatchObject({ user: null, n: 1 });
    expect(await parts.sessionCount()).toBe(1);
  });

  it('no cache hands its cookie to others, whatever the application says of its answer', async () => {
    const paths = name === 'fastify' ? ['/shared', '/response'] : ['/shared'];
    for (const path of paths) {
      const response = await ask(path);
      expect(await response.text()).toBe('all');
      expect(set(response)).toBeDefined();
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('cdn-cache-control') ?? 'no-store').toBe('no-store');
    }
  });

  it('a login gives it a new id, beside the cookies of the application', async () => {
    const before = cookieOf(await post('/set'));
    const response = await post('/login', before);
    expect(response.status).toBe(201);
    expect(response.headers.get('x-own')).toBe('yes');
    expect(response.headers.getSetCookie()).toEqual([...OWN_COOKIES, expect.stringMatching(COOKIE)]);
    const after = cookieOf(response);
    expect(after).not.toBe(before);
    expect(await who(after)).toEqual({ user: 'ada', roles: ['editor'], n: 1 });
    expect(await who(before)).toMatchObject({ user: null });
  });

  it('a logout takes the cookie away and ends the session', async () => {
    const cookie = await login();
    const response = await post('/logout', cookie);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-session=; .*1970/)]);
    expect(await who(cookie)).toMatchObject({ user: null });
    expect(await parts.sessionCount()).toBe(0);
  });

  it('parallel requests lose nothing', async () => {
    const cookie = await login();
    await Promise.all(Array.from({ length: 20 }, () => post('/count', cookie)));
    expect(await who(cookie)).toMatchObject({ n: 20 });
  });

  it('streams after the cookie is set', async () => {
    const response = await ask('/stream');
    expect(await response.text()).toBe('tick 0\ntick 1\ntick 2\ntick 3\ntick 4\n');
    expect(await who(cookieOf(response))).toMatchObject({ n: 2 });
  });

  it.each(['/big', '/big-quiet'])('%s: a large body comes whole, as fast as it is taken', async (path) => {
    parts.store.delay(20);
    const response = await ask(path);
    const content = await response.arrayBuffer();
    expect(content.byteLength).toBe(CHUNKS * CHUNK.length);
    expect(response.headers.get('cache-control')).toBe(path === '/big' ? 'private' : null);
  });

  it('HEAD sets the cookie too, and has no content', async () => {
    const response = await ask('/set', undefined, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
    expect(await who(cookieOf(response))).toMatchObject({ n: 1 });
  });

  it('a handler that throws is answered with 500; what it had set is stored', async () => {
    const response = await post('/throw');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('boom at');
    expect(await who(cookieOf(response))).toMatchObject({ n: 4 });
    const loggedIn = await post('/login-then-throw');
    expect(loggedIn.status).toBe(500);
    expect(await who(cookieOf(loggedIn))).toMatchObject({ user: 'ada' });
  });

  it('a write that the store refuses at the end is answered with 503', async () => {
    parts.store.fail(AWAY);
    for (const path of ['/set', '/stream', '/big']) {
      const response = await post(path);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toEqual({ error: 'Sessions cannot be stored now' });
      expect(response.headers.getSetCookie()).toEqual([]);
    }
    const failed = await post('/throw');
    expect(failed.status).toBe(500);
    // An outage is told by the log of sessions, once.
    expect(parts.logged.filter(({ msg }) => String(msg).includes('could not be stored'))).toEqual([]);
  });

  it('a write that the session refuses in the handler is answered with 503', async () => {
    const cookie = await login();
    parts.store.fail(AWAY);
    for (const path of ['/set', '/count', '/login']) {
      const response = await post(path, cookie);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(await response.json()).toEqual({ error: 'Sessions cannot be stored now' });
    }
    // Reading goes on by the token alone.
    expect(await who(cookie)).toMatchObject({ user: 'ada', roles: ['editor'] });
  });

  it('an unsafe request of another site with the cookie is answered with 403', async () => {
    const cookie = await login();
    const response = await post('/set', cookie, { 'sec-fetch-site': 'cross-site' });
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ error: 'Request from another site' });
    expect(await who(cookie)).toMatchObject({ n: null });
    const withoutCookie = await post('/login', undefined, { 'sec-fetch-site': 'cross-site' });
    expect(withoutCookie.status).toBe(403);
    expect(withoutCookie.headers.getSetCookie()).toEqual([]);
  });

  it('requireSession lets in who has logged in', async () => {
    const refused = await ask('/private');
    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual({ error: 'Not logged in' });
    const cookie = await login();
    expect(await (await ask('/private', cookie)).text()).toBe('for ada');
  });

  it('requireSession answers 503 where nobody can say who it is, and does not log out', async () => {
    // No token is new enough to be trusted alone.
    const strict = createTestParts({ jwtOnlyMs: -1 });
    const other = await start(strict);
    try {
      const loggedIn = await fetch(`${other.url}/login`, { method: 'POST' });
      strict.store.fail(AWAY);
      const response = await fetch(`${other.url}/private`, { headers: { cookie: cookieOf(loggedIn) } });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(response.headers.getSetCookie()).toEqual([]);
    } finally {
      strict.store.heal();
      await other.close();
    }
  });

  it('rateLimit adds its fields, and answers 429 beyond the limit', async () => {
    const fields = ['RateLimit-Policy', '"limit";q=1;w=60', 'RateLimit', '"limit";r=0;t=60'];
    parts.limitSays = { admitted: true, fields, identity: null };
    const within = await ask('/limited');
    expect(await within.text()).toBe('within');
    expect(within.headers.get('ratelimit')).toBe('"limit";r=0;t=60');
    expect(within.headers.get('ratelimit-policy')).toBe('"limit";q=1;w=60');
    parts.limitSays = {
      admitted: false,
      status: 429,
      fields: [...fields, 'Retry-After', '60', 'Content-Type', 'application/json'],
      body: '{"error":"Too many requests"}',
    };
    const beyond = await ask('/limited');
    expect(beyond.status).toBe(429);
    expect(beyond.headers.get('retry-after')).toBe('60');
    expect(await beyond.json()).toEqual({ error: 'Too many requests' });
  });

  it('requireGate says whom it has let in', async () => {
    expect((await ask('/gated')).status).toBe(401);
    const response = await ask('/gated', undefined, { headers: { 'x-remote': 'ada' } });
    expect(await response.json()).toEqual({ user: 'remote-ada', roles: ['editor'] });
    await post('/forget', undefined, { 'x-remote': 'ada' });
    expect(parts.forgotten).toEqual(['ada']);
  });

  it('gives the cache and the cached fetch', async () => {
    expect(await (await ask('/cached')).text()).toBe('made');
    expect(await (await ask('/fetched')).text()).toBe('fetched http://origin.test/a');
  });

  it('goes on after clients that leave in the middle', async () => {
    parts.store.delay(30);
    const { port } = new URL(app.url);
    for (const path of ['/big', '/stream', '/set']) {
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\nGET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await untilSo('the handler runs', async () => parts.store.calls.set > 0);
      socket.destroy();
    }
    parts.store.heal();
    expect(await (await ask('/')).text()).toBe('hello');
  });

  if (name === 'express' || name === 'node') {
    it('what is set after the answer has begun is stored before it ends, or the answer is cut', async () => {
      const cookie = await login();
      expect(await (await ask('/late', cookie)).text()).toBe('begun, done');
      expect(await who(cookie)).toMatchObject({ n: 6 });
      parts.store.fail(AWAY, ['replace']);
      await expect(ask('/late', cookie).then((response) => response.text())).rejects.toThrow();
    });

    it('what is set after the end is refused', async () => {
      await ask('/after');
      expect(await (await ask('/after')).text()).toBe('ERR_SESSION_SENT');
    });

    it('a refusal says nothing of the content that it takes the place of', async () => {
      const response = await ask('/misdescribed');
      expect(response.status).toBe(503);
      expect(response.headers.get('content-encoding')).toBeNull();
      expect(await response.json()).toEqual({ error: 'Sessions cannot be stored now' });
    });
  }

  if (name === 'express') {
    it('compresses an answer that is held', async () => {
      parts.store.delay(20);
      const response = await ask('/compressed');
      expect(response.headers.get('content-encoding')).toBe('gzip');
      expect((await response.arrayBuffer()).byteLength).toBe(CHUNKS * CHUNK.length);
      expect(await who(cookieOf(response))).toMatchObject({ n: 9 });
    });
  }

  if (name === 'fastify') {
    it('leaves what is answered before it alone', async () => {
      const early = await ask('/who', undefined, { headers: { 'x-early': 'yes' } });
      expect(await early.text()).toBe('early');
      expect((await ask('/%zz')).status).toBe(400);
      expect((await ask('/nowhere')).status).toBe(404);
    });

    it('is registered once', async () => {
      const twice = fastify();
      twice.register(cachegatePlugin, { cachegate: parts });
      twice.register(cachegatePlugin, { cachegate: parts });
      await expect(twice.ready()).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' });
    });

    it('a hijacked answer sends the cookies itself', async () => {
      const response = await ask('/hijacked');
      expect(await response.text()).toBe('hijacked');
      expect(await who(cookieOf(response))).toMatchObject({ n: 5 });
    });
  }
});
