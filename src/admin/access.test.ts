import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { askAdmin, fakeSources } from '../../test/support/fake-admin.ts';
import { fakeOperations } from '../../test/support/fake-operations.ts';
import { createAdmin } from './create-admin.ts';

const TOKEN = 'a secret of the admin';
const bearer = { authorization: `Bearer ${TOKEN}` };
const OPERATOR = [
  '/stats',
  '/services',
  '/config',
  '/warm',
  '/warm/job-1',
  '/sessions',
  '/explain?url=/a',
  '/x',
];
const refusals: [string, string | undefined][] = [];
const operations = fakeOperations();
let closed: FastifyInstance;
let admin: FastifyInstance;
beforeAll(async () => {
  const refused = (reason: string, address: string | undefined) => refusals.push([reason, address]);
  admin = await createAdmin(fakeSources({ operations }), '127.0.0.1');
  closed = await createAdmin(fakeSources({ operations, token: TOKEN, refused }), '10.0.0.1');
});
afterAll(() => Promise.all([admin.close(), closed.close()]));
beforeEach(() => void operations.asked.splice(0));

it('lets whoever has the token in, by whatever name', async () => {
  for (const host of ['localhost', 'gate.example']) {
    for (const url of OPERATOR.slice(0, -1)) {
      expect((await askAdmin(closed, url, { headers: { host, ...bearer } })).status).toBe(200);
    }
  }
  const wrong = { authorization: 'Bearer wrong' };
  for (const headers of [{}, wrong, { authorization: `Basic ${TOKEN}` }]) {
    for (const url of [OPERATOR[0]!, '/metrics', '/x']) {
      const found = await askAdmin(closed, url, { headers, remoteAddress: '10.0.0.2' });
      expect([found.status, found.type]).toEqual([401, 'application/problem+json; charset=utf-8']);
      expect(found.headers['www-authenticate']).toMatch(/^Bearer realm="cachegate"/);
      expect(JSON.stringify(found)).not.toContain(TOKEN);
    }
  }
  expect((await askAdmin(closed, `/stats?token=${TOKEN}`, {})).status).toBe(401);
  expect(refusals.at(-1)).toEqual([expect.stringContaining('missing'), '127.0.0.1']);
});

it('asks nobody for it who looks whether it lives, or what could be asked for', async () => {
  for (const url of [
    '/healthz',
    '/readyz',
    '/openapi.json',
    '/docs/',
    '/docs/static/theme/admin.css',
    '/docs/json',
  ]) {
    const headers = { host: 'anything.example' };
    expect([url, (await askAdmin(closed, url, { headers })).status]).toEqual([url, 200]);
  }
});

it('reads no content of who has no token', async () => {
  const found = await askAdmin(closed, '/purge', { json: { nonsense: 1 } });
  expect(found.status).toBe(401);
});

it('holds who guesses', async () => {
  const headers = { authorization: 'Bearer wrong' };
  const from = { remoteAddress: '10.0.0.3' };
  for (let i = 0; i < 10; i++)
    expect((await askAdmin(closed, '/stats', { headers, ...from })).status).toBe(401);
  const held = await askAdmin(closed, '/stats', { headers: bearer, ...from });
  expect([held.status, Number(held.headers['retry-after'])]).toEqual([429, expect.closeTo(60, -1)]);
  expect((await askAdmin(closed, '/healthz', from)).status).toBe(200);
  expect((await askAdmin(closed, '/stats', { headers: bearer })).status).toBe(200);
});

it('without a token, listens to no name that anybody could point here', async () => {
  for (const url of [...OPERATOR, '/openapi.json', '/docs/', '/cache-test']) {
    expect((await askAdmin(admin, url, { headers: { host: 'attacker.example' } })).status).toBe(403);
  }
  for (const url of ['/healthz', '/readyz', '/metrics']) {
    expect((await askAdmin(admin, url, { headers: { host: 'attacker.example' } })).status).toBe(200);
  }
  for (const host of ['127.0.0.1:9180', '[::1]:1', 'cachegate', 'gate.internal', 'a.localhost']) {
    expect((await askAdmin(admin, '/stats', { headers: { host } })).status).toBe(200);
  }
});

it('listens to no page of another origin, with or without a token', async () => {
  const pages = [
    { origin: 'https://attacker.example' },
    { origin: 'http://localhost:8080' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  ];
  for (const page of pages) {
    for (const server of [admin, closed]) {
      const headers = { ...page, ...bearer };
      expect((await askAdmin(server, '/stats', { headers })).status).toBe(403);
      expect((await askAdmin(server, '/purge', { json: { url: '/a' }, headers })).status).toBe(403);
      const preflight = await askAdmin(server, '/purge', { method: 'OPTIONS', headers });
      expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
  }
  expect(
    (await askAdmin(admin, '/purge', { json: { url: '/a' }, headers: { origin: 'http://localhost' } }))
      .status,
  ).toBe(200);
  expect(operations.asked).toHaveLength(1);
});
