import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type GatedSite,
  type NotingServer,
  startGatedSite,
  startIdentityAuthority,
  startNotingServer,
} from '../support/gated-site.ts';
import { sendRaw } from '../support/raw-client.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

let authority: Awaited<ReturnType<typeof startIdentityAuthority>>;
let origin: NotingServer;
let site: GatedSite | null = null;

beforeEach(async () => {
  authority = await startIdentityAuthority();
  origin = await startNotingServer((_, response) =>
    response.writeHead(200, { 'Cache-Control': 'max-age=600' }).end('body'),
  );
});
afterEach(async () => {
  await site?.close();
  await Promise.all([authority.close(), origin.close()]);
});

const IDENTITY = { user: 'json:/me/name', roles: 'json:/roles' };
const known = () => ({ authority: 'http' as const, url: authority.url, identity: IDENTITY });
const BY_SESSION = { shared_by: 'session' as const };
const SECRET = 'an identity secret of 32 characters';
const FORGED = {
  'X-Cachegate-User': 'root',
  'X-Cachegate-Roles': 'admin',
  'X-Cachegate-Identity': 'forged',
  X_Cachegate_User: 'root',
};

/** The fields of ours that the origin got with its last request. */
const passed = () =>
  Object.fromEntries(
    Object.entries(origin.asked.at(-1)!.headers).filter(([name]) => /^x[-_]cachegate/.test(name)),
  );

describe('whose a session is', () => {
  it('is told to the origin in fields, in visible ASCII whatever the names are', async () => {
    site = await startGatedSite({
      api: { origin: origin.url, session: { ...known(), pass_identity: 'trusted' }, cache: BY_SESSION },
    });
    await site.ask('/api/a', { session: 'session-of-ann', headers: FORGED });
    expect(passed()).toEqual({ 'x-cachegate-user': 'ann', 'x-cachegate-roles': 'author,editor' });
    await site.ask('/api/a', { session: 'session-of-cem', headers: FORGED });
    expect(passed()).toEqual({
      'x-cachegate-user': '%C3%87em%2C%20%25',
      'x-cachegate-roles': 'leser/in,%C3%A4dmin',
    });
    await site.ask('/api/a', { session: 'session-of-dot', headers: FORGED });
    expect(passed()).toEqual({ 'x-cachegate-user': 'dot' });
  });

  it('is told as far as it may be', async () => {
    site = await startGatedSite({
      api: {
        origin: origin.url,
        session: { ...known(), pass_identity: 'trusted', passed: ['roles'] },
        cache: { shared_by: 'role' },
      },
    });
    await site.ask('/api/a', { session: 'session-of-ann' });
    expect(passed()).toEqual({ 'x-cachegate-roles': 'author,editor' });
  });

  it('is told in a token for this origin, made once for many requests', async () => {
    site = await startGatedSite({
      api: {
        origin: origin.url,
        session: { ...known(), pass_identity: 'signed', identity_secret: SECRET },
        cache: BY_SESSION,
      },
    });
    await site.ask('/api/a', { session: 'session-of-ann', headers: FORGED });
    const first = passed();
    expect(Object.keys(first)).toEqual(['x-cachegate-identity']);
    const token = String(first['x-cachegate-identity']);
    const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(SECRET), {
      ...{ algorithms: ['HS256'], audience: 'api' },
    });
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(payload).toMatchObject({ sub: 'ann', roles: ['author', 'editor'] });
    expect(payload.exp! - payload.iat!).toBe(60);
    await site.ask('/api/b', { session: 'session-of-ann' });
    expect(passed()).toEqual(first);
  });

  it('is told to nobody by a hit, and to no origin unless asked for', async () => {
    site = await startGatedSite({
      api: { origin: origin.url, session: known() },
      open: { origin: origin.url },
    });
    for (const session of ['session-of-ann', 'session-of-bob']) {
      expect(await (await site.ask('/api/a', { session, headers: FORGED })).text()).toBe('body');
    }
    expect(origin.asked).toHaveLength(1);
    expect(passed()).toEqual({});
    await site.ask('/open/a', { headers: FORGED });
    expect(origin.asked).toHaveLength(2);
    expect(passed()).toEqual({});
  });

  it('may be what a response varies by', async () => {
    await origin.close();
    origin = await startNotingServer((request, response) =>
      response
        .writeHead(200, { 'Cache-Control': 'max-age=600', Vary: 'X-Cachegate-Roles' })
        .end(`for ${request.headers['x-cachegate-roles']}`),
    );
    site = await startGatedSite({
      api: { origin: origin.url, session: { ...known(), pass_identity: 'trusted' }, cache: BY_SESSION },
    });
    for (let i = 0; i < 2; i++) {
      const answer = await site.ask('/api/a', { session: 'session-of-bob' });
      expect(await answer.text()).toBe('for author,editor');
    }
    expect(origin.asked).toHaveLength(1);
  });
});

describe('a caller', () => {
  const body = 'Transfer-Encoding: chunked\r\nTrailer: X-Cachegate-User\r\n';
  const chunks = '1\r\na\r\n0\r\nX-Cachegate-User: root\r\n\r\n';
  it.each([
    ['GET', '', ''],
    ['HEAD', '', ''],
    ['GET', 'Range: bytes=0-1\r\n', ''],
    ['GET', 'If-None-Match: "a"\r\nCache-Control: no-cache\r\n', ''],
    ['GET', 'Connection: Upgrade, X-Cachegate-User\r\nUpgrade: websocket\r\n', ''],
    ['GET', 'Connection: X-Cachegate-User, X-Cachegate-Roles\r\n', ''],
    ['GET', body, chunks],
    ['POST', body, chunks],
    ['PUT', body, chunks],
    ['PURGE', '', ''],
    ['OPTIONS', 'Max-Forwards: 5\r\n', ''],
  ])('makes nobody else of themselves by %s %j', async (method, more, content) => {
    site = await startGatedSite({
      api: {
        origin: origin.url,
        session: { ...known(), pass_identity: 'trusted' },
        cache: { ...BY_SESSION, methods: ['POST'] },
        upgrade: ['websocket'],
      },
    });
    const spellings = ['X-Cachegate-User', 'x_cachegate_user', 'X.Cachegate.User', 'X-CACHEGATE_Roles'];
    const forged = spellings.map((name) => `${name}: root\r\n${name}: admin\r\n`).join('');
    const head = `${method} /api/a HTTP/1.1\r\nHost: a\r\nCookie: sessionid=session-of-ann\r\n`;
    // The end of the connection comes with a second request's answer.
    const last = 'GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    await sendRaw(site.url, `${head}${more}${forged}\r\n${content}${last}`);
    const { headers } = origin.asked.at(-1)!;
    expect(headers).toMatchObject({ 'x-cachegate-user': 'ann', 'x-cachegate-roles': 'author,editor' });
    expect(JSON.stringify(headers)).not.toMatch(/root|admin/);
  });
});

it('whose a session is, is not taken from what was asked under other settings', async () => {
  const valkey = await startValkeyServer();
  const ids = await startNotingServer((_, response) =>
    response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify({ id: 7, parent: 'root' })),
  );
  const users: unknown[] = [];
  for (const user of ['json:/parent', 'json:/id']) {
    site = await startGatedSite(
      {
        api: {
          origin: origin.url,
          session: { authority: 'http', url: ids.url, identity: { user }, pass_identity: 'trusted' },
          cache: 'off',
        },
      },
      { store: valkey.url },
    );
    await site.ask('/api/a', { session: 'session-of-ann' });
    users.push(passed()['x-cachegate-user']);
    await site.close();
  }
  site = null;
  await Promise.all([valkey.stop(), ids.close()]);
  expect(users).toEqual(['root', '7']);
});

describe('a bearer token', () => {
  it('lets in by its issuer’s keys, and goes no further', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] });
    const issuer = await startNotingServer((_, response) =>
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(keys),
    );
    site = await startGatedSite({
      api: {
        origin: origin.url,
        session: {
          authority: 'token',
          jwks_url: `${issuer.url}/keys?of=all`,
          ...{ issuer: 'https://issuer.example', audience: 'api', roles_claim: '/realm/roles' },
          pass_identity: 'trusted',
        },
        forward: { authorization: true },
        cache: BY_SESSION,
      },
    });
    const tokenFor = (audience: string) =>
      new SignJWT({ realm: { roles: ['reader'] } })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuer('https://issuer.example')
        .setAudience(audience)
        .setSubject('ann')
        .setExpirationTime('1h')
        .sign(privateKey);
    const asked = async (audience: string) => {
      const headers = { Authorization: `Bearer ${await tokenFor(audience)}` };
      return (await site!.ask('/api/a', { headers })).status;
    };
    expect([await asked('api'), await asked('other'), (await site.ask('/api/a')).status]).toEqual([
      200, 401, 401,
    ]);
    expect(passed()).toEqual({ 'x-cachegate-user': 'ann', 'x-cachegate-roles': 'reader' });
    expect(origin.asked[0]!.headers.authorization).toBeUndefined();
    expect(issuer.asked).toHaveLength(1);
    await issuer.close();
  });
});
