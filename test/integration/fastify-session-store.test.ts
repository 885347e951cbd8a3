import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import fastify, { type FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createFastifySessionStore } from '../../src/frameworks/fastify-session-store.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createFaultyStore } from '../../src/testing/faulty-store.ts';
import { SESSION_PLACES, sessionsSource } from '../support/session-stores.ts';

type AppSession = fastifySession.FastifySessionObject & { user?: string; visits?: number };

// Declared by cachegate's own sessions too, which an application has in their place.
const sessionOf = (request: FastifyRequest) => request.session as unknown as AppSession;

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function started(port: Store) {
  const app = fastify();
  const store = createFastifySessionStore(sessionsSource(port));
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    store,
    secret: 'signs-the-cookies-of-this-application',
    saveUninitialized: false,
    cookie: { secure: false, maxAge: 60_000 },
  });
  app.post('/login/:user', async (request) => {
    await sessionOf(request).regenerate();
    sessionOf(request).user = (request.params as { user: string }).user;
    return 'in';
  });
  app.post('/logout', async (request) => {
    await sessionOf(request).destroy();
    return 'out';
  });
  app.get('/', async (request) => {
    const session = sessionOf(request);
    if (session.user !== undefined) session.visits = (session.visits ?? 0) + 1;
    return `${session.user ?? 'nobody'} ${session.visits ?? 0}`;
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  ended.push(() => app.close());
  return { url, stop: () => app.close() };
}

const textOf = async (url: string, cookie: string, method = 'GET') =>
  (await fetch(url, { method, headers: { cookie } })).text();

async function loggedIn(url: string): Promise<string> {
  const response = await fetch(`${url}/login/ada`, { method: 'POST' });
  return response.headers.getSetCookie().at(-1)!.split(';')[0]!;
}

describe('an application with @fastify/session', () => {
  it.each(Object.keys(SESSION_PLACES))('knows who has logged in, until the logout: %s', async (name) => {
    const place = await SESSION_PLACES[name]!();
    ended.push(place.stop);
    const port = await place.open();
    ended.push(() => port.close());
    await port.ping();
    const { url } = await started(port);
    expect(await textOf(url, '')).toBe('nobody 0');
    const cookie = await loggedIn(url);
    expect(await textOf(url, cookie)).toBe('ada 1');
    expect(await textOf(url, cookie)).toBe('ada 2');
    expect(await textOf(`${url}/logout`, cookie, 'POST')).toBe('out');
    expect(await textOf(url, cookie)).toBe('nobody 0');
  });

  it('knows who has logged in after a restart', async () => {
    const place = await SESSION_PLACES.Valkey!();
    ended.push(place.stop);
    const before = await place.open();
    await before.ping();
    const first = await started(before);
    const cookie = await loggedIn(first.url);
    expect(await textOf(first.url, cookie)).toBe('ada 1');
    await first.stop();
    await before.close();

    const after = await place.open();
    ended.push(() => after.close());
    await after.ping();
    const { url } = await started(after);
    expect(await textOf(url, cookie)).toBe('ada 2');
  });

  it('answers with the error when the store is away', async () => {
    const port = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000 }));
    const { url } = await started(port);
    const cookie = await loggedIn(url);
    port.fail(Object.assign(new Error('away'), { code: 'ERR_STORE_TIMEOUT' }));
    const failed = await fetch(url, { headers: { cookie } });
    expect([failed.status, await failed.json()]).toMatchObject([500, { code: 'ERR_STORE_TIMEOUT' }]);
    port.heal();
    expect(await textOf(url, cookie)).toBe('ada 1');
  });
});
