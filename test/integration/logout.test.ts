import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type GatedSite,
  type NotingServer,
  startGatedSite,
  startIdentityAuthority,
  startNotingServer,
} from '../support/gated-site.ts';
import { type SessionApplication, startSessionApplication } from '../support/session-application.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

let valkey: ValkeyServer;
let authority: Awaited<ReturnType<typeof startIdentityAuthority>>;
let origin: NotingServer;
let sites: GatedSite[] = [];
let started = 0;

beforeAll(async () => {
  valkey = await startValkeyServer();
});
afterAll(() => valkey.stop());
beforeEach(async () => {
  started += 1;
  authority = await startIdentityAuthority();
  origin = await startNotingServer((_, response) => response.writeHead(200).end('body'));
});
afterEach(async () => {
  await Promise.all(sites.map((site) => site.close()));
  sites = [];
  await Promise.all([authority.close(), origin.close()]);
});

const top = () => ({ store: valkey.url, namespace: `n${started}` });
const ANN = 'session-of-ann';

describe('a logout of a remote session', () => {
  const remote = { authority: 'http' as const, logout_path: '/logout' };

  async function start(service: object = {}): Promise<GatedSite> {
    const session = { ...remote, url: authority.url };
    const site = await startGatedSite({ api: { origin: origin.url, session, ...service } }, top());
    sites.push(site);
    return site;
  }
  const status = async (site: GatedSite, session = ANN) => (await site.ask('/api/a', { session })).status;

  it('leaves nothing that lets the caller in, on any process', async () => {
    const [here, there] = [await start(), await start()];
    await expect
      .poll(async () => [await status(here), await status(there), authority.asked.length])
      .toEqual([200, 200, 1]);
    authority.known.delete(ANN);
    expect([await status(here), await status(there)]).toEqual([200, 200]);
    const answer = await here.ask('/api/logout', { session: ANN, method: 'POST' });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([204, 'no-store']);
    expect([await status(here), await status(there)]).toEqual([401, 401]);
    expect(origin.asked.some(({ url }) => url.includes('logout'))).toBe(false);
  });

  it('ends nothing at the authority, which is asked anew', async () => {
    const site = await start();
    await status(site);
    await site.ask('/api/logout', { session: ANN, method: 'POST' });
    expect(await status(site)).toBe(200);
    expect(authority.asked).toHaveLength(2);
  });

  it('is a POST, by a caller who presents a session', async () => {
    const site = await start();
    const link = await site.ask('/api/logout', { session: ANN });
    expect([link.status, link.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await site.ask('/api/logout', { method: 'POST' })).status).toBe(401);
    expect((await site.ask('/api/logout/', { session: ANN, method: 'POST' })).status).toBe(200);
    expect(origin.asked.map(({ url }) => url)).toEqual(['/logout/']);
  });

  it('is limited, and open to the web origins of the service alone', async () => {
    const site = await start({
      cors: { origins: ['https://app.example'] },
      rate_limit: { session: { limit: 100 }, address: { limit: 2 } },
    });
    const ask = (origin: string, method: string, more = {}) =>
      site.ask('/api/logout', { method, session: ANN, headers: { Origin: origin, ...more } });
    expect((await ask('https://evil.example', 'POST')).status).toBe(403);
    const preflight = await ask('https://app.example', 'OPTIONS', {
      'Access-Control-Request-Method': 'POST',
    });
    expect(preflight.status).toBe(204);
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await ask('https://app.example', 'POST')).status);
    expect(statuses).toEqual([204, 204, 429]);
  });
});

describe('own sessions', () => {
  const sessions = {
    secrets: ['an application’s secret of 32 characters'],
    cookie: { secure: false, name: 'sid' },
  };
  let app: SessionApplication;
  beforeEach(async () => {
    app = await startSessionApplication({ ...top(), sessions });
  });
  afterEach(() => app.close());

  async function start(service: object = {}, more: object = {}): Promise<GatedSite> {
    const session = { authority: 'own' as const, logout_path: '/logout' };
    const site = await startGatedSite(
      { api: { origin: origin.url, session, forward: { cookies: true }, ...service } },
      { ...top(), sessions: { ...sessions, ...more } },
    );
    sites.push(site);
    return site;
  }

  const ask = (site: GatedSite, cookie: string, path = '/api/a', method = 'GET', headers = {}) =>
    site.ask(path, { method, headers: { Cookie: `a=b; ${cookie}`, ...headers } });

  it('of an application let in at the gate, which tells the origin whose they are', async () => {
    const site = await start({
      session: { authority: 'own', pass_identity: 'trusted' },
      cache: { shared_by: 'session' },
    });
    const cookie = await app.cookieOf('ann', ['editor']);
    expect((await ask(site, cookie)).status).toBe(200);
    const { headers } = origin.asked[0]!;
    expect(headers).toMatchObject({
      'x-cachegate-user': 'ann',
      'x-cachegate-roles': 'editor',
      cookie: 'a=b',
    });
  });

  it('of nobody, made up, changed or of another secret let nobody in', async () => {
    const site = await start();
    const cookie = await app.cookieOf('ann');
    const visitor = await app.cookieOf(null);
    const cookies = [visitor, 'sid=made-up', `${cookie}x`, `${cookie}; ${visitor}`, 'other=1'];
    for (const each of cookies) expect((await ask(site, each)).status, each).toBe(401);
    expect((await ask(site, cookie)).status).toBe(200);
  });

  it('that an application ends are out on every process', async () => {
    const [here, there] = [await start(), await start()];
    const cookie = await app.cookieOf('ann');
    expect([(await ask(here, cookie)).status, (await ask(there, cookie)).status]).toEqual([200, 200]);
    const opened = await app.open(cookie);
    await opened.session.logout();
    await opened.commit();
    await expect.poll(async () => (await ask(here, cookie)).status).toBe(401);
    await expect.poll(async () => (await ask(there, cookie)).status).toBe(401);
  });

  it('end at the gate, for the application and on every process', async () => {
    const [here, there] = [await start(), await start()];
    const cookie = await app.cookieOf('ann');
    expect([(await ask(here, cookie)).status, (await ask(there, cookie)).status]).toEqual([200, 200]);
    const answer = await ask(here, cookie, '/api/logout', 'POST');
    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^sid=;.*Expires=Thu, 01 Jan 1970/),
    ]);
    expect((await ask(here, cookie)).status).toBe(401);
    await expect.poll(async () => (await ask(there, cookie)).status).toBe(401);
    expect((await app.open(cookie)).session.user).toBeNull();
    // What is over has ended well.
    expect((await ask(here, cookie, '/api/logout', 'POST')).status).toBe(204);
    expect((await here.ask('/api/logout', { method: 'POST' })).status).toBe(204);
  });

  it('change nothing for the pages of another site', async () => {
    const site = await start();
    const cookie = await app.cookieOf('ann');
    const foreign = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };
    expect((await ask(site, cookie, '/api/a', 'POST', foreign)).status).toBe(403);
    expect((await ask(site, cookie, '/api/logout', 'POST', foreign)).status).toBe(403);
    expect((await ask(site, cookie, '/api/a', 'GET', foreign)).status).toBe(200);
  });

  it('go on by their tokens while the store is away, as long as those are young', async () => {
    const [site, strict] = [await start(), await start({}, { jwt_only_seconds: 0 })];
    const cookie = await app.cookieOf('ann');
    expect([(await ask(site, cookie)).status, (await ask(strict, cookie)).status]).toEqual([200, 200]);
    await valkey.kill();
    await expect.poll(async () => (await ask(strict, cookie)).status).toBe(503);
    expect((await ask(strict, cookie)).headers.get('retry-after')).toBe('5');
    expect((await ask(site, cookie)).status).toBe(200);
    await valkey.restart();
  });
});
