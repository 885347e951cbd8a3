import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createExpressSessionStore,
  type ExpressSessionStore,
} from '../../src/frameworks/express-session-store.ts';
import type { MiddlewareSession } from '../../src/session/middleware-session.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createFaultyStore } from '../../src/testing/faulty-store.ts';
import { untilSo } from '../support/server-process.ts';
import { SESSION_PLACES, type SessionPlace, sessionsSource } from '../support/session-stores.ts';

type Kept = MiddlewareSession & Record<string, unknown>;
type AppSession = session.Session & { user?: string; visits?: number };

const MINUTE = 60_000;

/** A method's answer as a promise. */
function asked<T>(call: (callback: (error: unknown, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error)));
  });
}

const cookie = (ms = MINUTE) => ({ expires: new Date(Date.now() + ms), originalMaxAge: ms, path: '/' });

function methodsOf(store: ExpressSessionStore) {
  return {
    get: (id: string) => asked<Kept | null>((done) => store.get(id, done as never)),
    set: (id: string, of: Kept) => asked<void>((done) => store.set(id, of, done)),
    touch: (id: string, of: Kept) => asked<void>((done) => store.touch(id, of, done)),
    destroy: (id: string) => asked<void>((done) => store.destroy(id, done)),
    all: () => asked<Kept[]>((done) => store.all(done as never)),
    length: () => asked<number>((done) => store.length(done)),
    clear: () => asked<void>((done) => store.clear(done)),
  };
}

describe.each(Object.keys(SESSION_PLACES))("express-session's store on %s", (name) => {
  let place: SessionPlace;
  let port: Store;
  let store: session.Store & ExpressSessionStore;
  let methods: ReturnType<typeof methodsOf>;
  beforeAll(async () => {
    place = await SESSION_PLACES[name]!();
    port = await place.open();
    await port.ping();
    store = createExpressSessionStore(session, sessionsSource(port));
    methods = methodsOf(store);
  });
  afterAll(async () => {
    await port.close();
    await place.stop();
  });
  beforeEach(() => methods.clear());

  const keys = createStoreKeys('', 'secret');
  const leftMs = async (id: string) => {
    const [value] = await port.get([keys.ownSession(keys.hash(`express:${id}`))]);
    return value?.expiresInMs ?? 0;
  };

  it('is one of its stores, and tells events', () => {
    expect(store).toBeInstanceOf(session.Store);
    expect(store).toBeInstanceOf(EventEmitter);
  });

  it('gets nothing for an id that it does not know', async () => {
    expect(await methods.get('unknown')).toBeNull();
  });

  it('gets what was set, with its cookie', async () => {
    const kept = cookie();
    await methods.set('a', { cookie: kept, user: 'Zoë', deep: { list: [1, null, 'x'] } });
    expect(await methods.get('a')).toEqual({
      cookie: { ...kept, expires: kept.expires.toJSON() },
      user: 'Zoë',
      deep: { list: [1, null, 'x'] },
    });
    expect(await methods.get('b')).toBeNull();
  });

  it('gives each caller a session of his own', async () => {
    await methods.set('a', { cookie: cookie(), list: [1] });
    const first = (await methods.get('a'))!;
    (first.list as number[]).push(2);
    expect((await methods.get('a'))!.list).toEqual([1]);
  });

  it('overwrites', async () => {
    await methods.set('a', { cookie: cookie(), n: 1, old: true });
    await methods.set('a', { cookie: cookie(), n: 2 });
    const found = await methods.get('a');
    expect(found).toMatchObject({ n: 2 });
    expect(found).not.toHaveProperty('old');
    expect(await methods.length()).toBe(1);
  });

  it('loads a session with a cookie that knows when it expires', async () => {
    const kept = cookie();
    await methods.set('a', { cookie: kept, user: 'a' });
    const loaded = await new Promise<session.SessionData>((resolve, reject) => {
      store.load('a', (error, found) => (found === undefined ? reject(error) : resolve(found)));
    });
    expect(loaded).toMatchObject({ user: 'a' });
    expect(loaded.cookie.expires).toEqual(kept.expires);
    expect(loaded.cookie.originalMaxAge).toBe(MINUTE);
  });

  it('destroys, also what is not there, and without being waited for', async () => {
    await methods.set('a', { cookie: cookie() });
    await methods.destroy('a');
    expect(await methods.get('a')).toBeNull();
    await methods.destroy('a');
    await methods.set('b', { cookie: cookie() });
    store.destroy('b');
    await untilSo('It is gone', async () => (await methods.get('b')) === null);
  });

  it('keeps a touched session longer, and its data as it was', async () => {
    await methods.set('a', { cookie: cookie(), n: 1 });
    const later = cookie(10 * MINUTE);
    await methods.touch('a', { cookie: later, n: 'not stored' });
    expect(await leftMs('a')).toBeGreaterThan(9 * MINUTE);
    expect(await methods.get('a')).toEqual({ cookie: { ...later, expires: later.expires.toJSON() }, n: 1 });
    expect(await methods.length()).toBe(1);
  });

  it('touches nothing that is not there', async () => {
    await methods.touch('unknown', { cookie: cookie() });
    await methods.set('a', { cookie: cookie() });
    await methods.destroy('a');
    await methods.touch('a', { cookie: cookie() });
    expect(await methods.get('unknown')).toBeNull();
    expect(await methods.get('a')).toBeNull();
    expect(await methods.length()).toBe(0);
  });

  it('forgets a session when its cookie expires, and touches it no more', async () => {
    await methods.set('a', { cookie: cookie(30), n: 1 });
    await untilSo('It is gone', async () => (await methods.get('a')) === null);
    await methods.touch('a', { cookie: cookie(), n: 1 });
    expect(await methods.get('a')).toBeNull();
    expect(await methods.all()).toEqual([]);
  });

  it('keeps a session without expiry for a day', async () => {
    await methods.set('a', { cookie: { expires: null, originalMaxAge: null } });
    expect(await leftMs('a')).toBeGreaterThan(86_000_000);
    expect(await leftMs('a')).toBeLessThanOrEqual(86_400_000);
  });

  it('lists, counts and clears all', async () => {
    expect(await methods.all()).toEqual([]);
    expect(await methods.length()).toBe(0);
    const ids = Array.from({ length: 150 }, (_, n) => `id-${n}`);
    await Promise.all(ids.map((id, n) => methods.set(id, { cookie: cookie(), n })));
    expect(await methods.length()).toBe(150);
    const listed = (await methods.all()).map(({ n }) => n as number);
    expect(listed.sort((a, b) => a - b)).toEqual(ids.map((_, n) => n));
    await methods.clear();
    expect(await methods.length()).toBe(0);
    expect(await methods.get('id-1')).toBeNull();
  });

  it('tells the callback when the store can not do it', async () => {
    const faulty = createFaultyStore(port);
    faulty.fail(Object.assign(new Error('away'), { code: 'ERR_STORE_TIMEOUT' }));
    const failing = methodsOf(createExpressSessionStore(session, sessionsSource(faulty)));
    for (const call of [failing.get('a'), failing.set('a', { cookie: cookie() }), failing.destroy('a')]) {
      await expect(call).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' });
    }
    for (const call of [
      failing.touch('a', { cookie: cookie() }),
      failing.all(),
      failing.length(),
      failing.clear(),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' });
    }
  });
});

describe('an application with express-session', () => {
  const ended: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ended.splice(0).reverse()) await end();
  });

  // Declared by cachegate's own sessions too, which an application has in their place.
  const sessionOf = (request: express.Request) => request.session as unknown as AppSession;

  async function started(port: Store): Promise<string> {
    const app = express();
    const store = createExpressSessionStore(session, sessionsSource(port));
    const settings = { store, secret: 'signs-cookies', resave: false, saveUninitialized: false };
    app.use(session({ ...settings, cookie: { maxAge: MINUTE } }));
    app.post('/login/:user', (request, response, next) => {
      sessionOf(request).regenerate((error) => {
        if (error) return next(error);
        sessionOf(request).user = request.params.user;
        response.send('in');
      });
    });
    app.post('/logout', (request, response, next) => {
      sessionOf(request).destroy((error) => (error ? next(error) : response.send('out')));
    });
    app.get('/', (request, response) => {
      const session = sessionOf(request);
      if (session.user !== undefined) session.visits = (session.visits ?? 0) + 1;
      response.send(`${session.user ?? 'nobody'} ${session.visits ?? 0}`);
    });
    app.use(((error, _request, response, _next) => {
      response.status(500).send(String(error.code));
    }) satisfies express.ErrorRequestHandler);
    const server: Server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ended.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const textOf = async (url: string, cookie: string, method = 'GET') =>
    (await fetch(url, { method, headers: { cookie } })).text();
  const cookieOf = (response: Response) => response.headers.getSetCookie()[0]!.split(';')[0]!;

  it('knows who has logged in after a restart, and not after a logout', async () => {
    const place = await SESSION_PLACES.Valkey!();
    ended.push(place.stop);
    const before = await place.open();
    await before.ping();
    const url = await started(before);
    expect(await textOf(url, '')).toBe('nobody 0');
    const cookie = cookieOf(await fetch(`${url}/login/ada`, { method: 'POST' }));
    expect(await textOf(url, cookie)).toBe('ada 1');
    for (const end of ended.splice(1).reverse()) await end();
    await before.close();

    const after = await place.open();
    ended.push(() => after.close());
    await after.ping();
    const again = await started(after);
    expect(await textOf(again, cookie)).toBe('ada 2');
    expect(await textOf(again, cookie)).toBe('ada 3');
    expect(await textOf(`${again}/logout`, cookie, 'POST')).toBe('out');
    expect(await textOf(again, cookie)).toBe('nobody 0');
  });

  it('keeps nothing for who has not logged in', async () => {
    const port = createMemoryStore({ maxBytes: 1_000_000 });
    const url = await started(port);
    for (let i = 0; i < 20; i++) expect(await textOf(url, 'connect.sid=s%3Ainvented.x')).toBe('nobody 0');
    expect(await methodsOf(createExpressSessionStore(session, sessionsSource(port))).length()).toBe(0);
  });

  it('is told when the store is away, and goes on when it is back', async () => {
    const port = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000 }));
    const url = await started(port);
    const cookie = cookieOf(await fetch(`${url}/login/ada`, { method: 'POST' }));
    port.fail(Object.assign(new Error('away'), { code: 'ERR_STORE_TIMEOUT' }));
    const failed = await fetch(url, { headers: { cookie } });
    expect([failed.status, await failed.text()]).toEqual([500, 'ERR_STORE_TIMEOUT']);
    port.heal();
    expect(await textOf(url, cookie)).toBe('ada 1');
  });
});
