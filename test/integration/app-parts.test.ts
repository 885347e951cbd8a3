import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cachegate, PartsRequest } from '../../src/app/cachegate.ts';
import { type CachegateOptions, createCachegate } from '../../src/app/create-cachegate.ts';
import { createLog } from '../../src/observe/log.ts';
import type { LogRecord } from '../support/gate.ts';
import { createSessionBrowser } from '../support/session-browser.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// The parts of applications on a real Valkey: shared by several, kept over restarts, gone on with while it is away.

const PATIENT = { timeout: 15_000 };
const MINUTE = { ttlSeconds: 60 };
const SESSIONS = { secrets: ['the secret of the test, long enough'] };

interface App {
  readonly parts: Cachegate;
  /** Log records whose text begins so. */
  logged(text: string): LogRecord[];
}

let valkey: ValkeyServer;
let closings: (() => Promise<unknown>)[];
beforeEach(async () => {
  closings = [];
  valkey = await startValkeyServer();
});
afterEach(async () => {
  for (const close of closings.reverse()) await close();
  await valkey.stop();
});

async function startApp(options: CachegateOptions = {}): Promise<App> {
  const records: LogRecord[] = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line) as LogRecord) };
  const log = createLog({ level: 'aggregate', destination });
  const parts = await createCachegate({ store: valkey.url, ...options }, { env: {}, log });
  closings.push(() => parts.close());
  return { parts, logged: (text) => records.filter(({ msg }) => msg.startsWith(text)) };
}

async function startOrigin(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closings.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Knows one session, and says whose it is; counts what it is asked. */
async function startAuthority() {
  const asked: string[] = [];
  const url = await startOrigin((request, response) => {
    asked.push(String(request.headers.cookie));
    const known = request.headers.cookie === 'sessionid=known123';
    response.writeHead(known ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ user: { id: 7 }, roles: ['editor'] }));
  });
  const identity = { user: 'json:/user/id', roles: 'json:/roles' };
  return { asked, gate: { authority: 'http' as const, url, identity } };
}

function requestWith(fields: Record<string, string> = {}, peer = '192.0.2.1'): PartsRequest {
  return { method: 'GET', peer, field: (name) => fields[name] };
}

const MEMBER = requestWith({ cookie: 'sessionid=known123' });
const STRANGER = requestWith({ cookie: 'sessionid=unknown1' });

describe('applications on one store', () => {
  it('let in nobody by the word of each other’s authorities', async () => {
    const theirs = await startOrigin((_, response) => response.end());
    const ours = await startOrigin((_, response) => response.writeHead(401).end());
    const other = await startApp({ gate: { authority: 'django', url: theirs } });
    const { parts } = await startApp({ gate: { authority: 'django', url: ours } });
    for (let i = 0; i < 2; i++) expect(await other.parts.gate(MEMBER)).toMatchObject({ admitted: true });
    expect(await parts.gate(MEMBER)).toMatchObject({ admitted: false, status: 401 });
  });

  it('connect at start and let go at the end, and say so', async () => {
    const { parts, logged } = await startApp();
    expect(logged('Connected to the store at redis://127.0.0.1')).toHaveLength(1);
    await parts.close();
    expect(logged('Closed the store at redis://127.0.0.1')).toHaveLength(1);
    await expect(parts.cache.get('a')).resolves.toBeUndefined();
  });

  it('share values and sessions, also with the one that is started next', async () => {
    const [a, b] = [await startApp({ sessions: SESSIONS }), await startApp({ sessions: SESSIONS })];
    const browser = createSessionBrowser();
    await browser.request(a.parts.sessions!, (session) => session.login('ada'));
    await a.parts.cache.set('page', { title: 'Hello' }, MINUTE);
    expect(await browser.user(b.parts.sessions!)).toBe('ada');
    expect(await b.parts.cache.get('page')).toEqual({ title: 'Hello' });
    await Promise.all([a.parts.close(), b.parts.close()]);
    const next = await startApp({ sessions: SESSIONS });
    expect(await browser.user(next.parts.sessions!)).toBe('ada');
    expect(await next.parts.cache.get('page')).toEqual({ title: 'Hello' });
  });

  it('keep apart what other namespaces hold', async () => {
    const [a, b] = [await startApp({ namespace: 'a' }), await startApp({ namespace: 'b' })];
    await a.parts.cache.set('page', 1, MINUTE);
    expect(await b.parts.cache.get('page')).toBeUndefined();
  });

  it('ask the authority once for all, until a verdict is forgotten', async () => {
    const { asked, gate } = await startAuthority();
    const [a, b] = [await startApp({ gate }), await startApp({ gate })];
    const ada = { admitted: true, identity: { user: '7', roles: ['editor'] } };
    expect(await a.parts.gate(MEMBER)).toMatchObject(ada);
    await expect.poll(async () => (await b.parts.gate(MEMBER)) && asked.length, PATIENT).toBe(1);
    expect(await b.parts.gate(MEMBER)).toMatchObject(ada);
    await a.parts.forgetGate(MEMBER);
    expect(await b.parts.gate(MEMBER)).toMatchObject(ada);
    expect(asked).toHaveLength(2);
    expect(await b.parts.gate(STRANGER)).toMatchObject({ admitted: false, status: 401 });
    expect(await b.parts.gate(requestWith())).toMatchObject({ admitted: false, status: 401 });
    expect(asked).toHaveLength(3);
  });

  it('count a client address together', async () => {
    const options = { rate_limit: { limit: 8, window_seconds: 600 } };
    const [a, b] = [await startApp(options), await startApp(options)];
    const ask = async ({ parts }: App) => (await parts.limit(requestWith())).admitted;
    for (let i = 0; i < 4; i++) expect(await ask(a)).toBe(true);
    // What one has let in is told to the others soon after.
    await expect.poll(() => ask(b), PATIENT).toBe(false);
    await expect.poll(() => ask(a), PATIENT).toBe(false);
    expect(await a.parts.limit(requestWith({}, '192.0.2.2'))).toMatchObject({ admitted: true });
  });

  it('fetch through one HTTP cache what their services name, and all else as it is', async () => {
    const asked: string[] = [];
    const origin = await startOrigin((request, response) => {
      asked.push(String(request.url));
      response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain' });
      response.end(`answer ${asked.length}`);
    });
    const options = { services: { api: { origin: `${origin}/api` } } };
    const [a, b] = [await startApp(options), await startApp(options)];
    const ask = async ({ parts }: App, path: string) => (await parts.fetch(`${origin}${path}`)).text();
    expect(await ask(a, '/api/news')).toBe('answer 1');
    await expect.poll(() => ask(b, '/api/news'), PATIENT).toBe('answer 1');
    expect(asked).toHaveLength(1);
    expect([await ask(a, '/other'), await ask(a, '/other')]).toEqual(['answer 2', 'answer 3']);
  });
});

describe('an application whose store is away', () => {
  it('starts without it, serves, and uses it as soon as it is there (C3)', async () => {
    await valkey.kill();
    const { asked, gate } = await startAuthority();
    const app = await startApp({ sessions: SESSIONS, gate, rate_limit: { limit: 2 } });
    const { cache, sessions, limit } = app.parts;
    expect(app.logged(`The store at ${valkey.url} is away`)).toHaveLength(1);

    expect([await cache.get('a'), await cache.set('a', 1, MINUTE)]).toEqual([undefined, false]);
    expect(await cache.remember('a', MINUTE, async () => 2)).toBe(2);
    await expect(cache.invalidate('news')).rejects.toMatchObject({ code: /^ERR_STORE_/ });
    for (const member of [MEMBER, MEMBER])
      expect(await app.parts.gate(member)).toMatchObject({ admitted: true });
    expect(asked).toHaveLength(2);
    const admitted = [];
    for (let i = 0; i < 3; i++) admitted.push((await limit(requestWith())).admitted);
    expect(admitted).toEqual([true, true, false]);
    const browser = createSessionBrowser();
    expect(await browser.user(sessions!)).toBeNull();

    await valkey.restart();
    await expect.poll(() => app.logged('The store is back').length, PATIENT).toBe(1);
    await expect.poll(() => cache.set('a', 3, MINUTE), PATIENT).toBe(true);
    expect(await cache.get('a')).toBe(3);
    await browser.request(sessions!, (session) => session.login('ada'));
    expect(await browser.user(sessions!)).toBe('ada');
  });

  it('goes on when it fails later: nobody is logged out, and it comes back by itself', async () => {
    const app = await startApp({ sessions: SESSIONS });
    const { cache, sessions } = app.parts;
    const browser = createSessionBrowser();
    await browser.request(sessions!, (session) => session.login('ada'));
    await cache.set('a', 1, MINUTE);
    valkey.freeze();
    // What is kept in the process is good for a while.
    const degraded = async () => (await browser.request(sessions!)).degraded;
    await expect.poll(degraded, PATIENT).toBe(true);
    expect(await browser.user(sessions!)).toBe('ada');
    expect(await cache.remember('b', MINUTE, async () => 2)).toBe(2);
    expect(app.logged('The store is away')).toHaveLength(1);
    valkey.thaw();
    await expect.poll(degraded, PATIENT).toBe(false);
    await expect.poll(() => cache.get('a'), PATIENT).toBe(1);
    expect(await browser.user(sessions!)).toBe('ada');
    expect(app.logged('Sessions are judged by their tokens alone')).toHaveLength(1);
  });

  it('closes all the same', async () => {
    const app = await startApp({ sessions: SESSIONS });
    valkey.freeze();
    await app.parts.cache.remember('a', MINUTE, async () => 1);
    await app.parts.close();
    expect(app.logged('Closed the store')).toHaveLength(1);
    valkey.thaw();
  });
});
