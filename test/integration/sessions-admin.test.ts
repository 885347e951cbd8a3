import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import {
  type GatedSite,
  type NotingServer,
  startGatedSite,
  startNotingServer,
} from '../support/gated-site.ts';
import { freePort } from '../support/server-process.ts';
import { type SessionApplication, startSessionApplication } from '../support/session-application.ts';
import { runCommand, startCommand } from '../support/source-command.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const sessions = {
  secrets: ['a secret of at least 32 characters'],
  cookie: { secure: false, name: 'sid' },
};

let valkey: ValkeyServer;
let origin: NotingServer;
let app: SessionApplication;
let site: GatedSite;
let admin: string;
let started = 0;

beforeAll(async () => {
  valkey = await startValkeyServer();
  origin = await startNotingServer((_, response) => response.end('body'));
});
afterAll(() => Promise.all([valkey.stop(), origin.close()]));
beforeEach(async () => {
  started += 1;
  app = await startSessionApplication({ ...top(), sessions });
  site = await startGatedSite(
    { api: { origin: origin.url, session: { authority: 'own' }, rate_limit: { session: 'off' } } },
    { ...top(), sessions, admin_listen: '127.0.0.1:0' },
  );
  admin = site.server.adminUrl!;
});
afterEach(async () => {
  await Promise.all([site.close(), app.close()]);
});

const top = () => ({ store: valkey.url, namespace: `n${started}` });
const status = async (cookie: string) => (await site.ask('/api/a', { headers: { Cookie: cookie } })).status;

async function ask(path: string, method = 'GET') {
  const response = await fetch(admin + path, { method });
  const type = response.headers.get('content-type');
  const text = await response.text();
  return { status: response.status, type, body: text === '' ? null : JSON.parse(text) };
}

async function referencesOf(user: string): Promise<string[]> {
  const { body } = await ask(`/sessions?user=${encodeURIComponent(user)}`);
  return body.sessions.map(({ reference }: { reference: string }) => reference);
}

describe('the admin address', () => {
  it('lists a user’s sessions, and shows nothing that lets anybody in', async () => {
    const cookie = await app.cookieOf('ann', ['editor', 'author']);
    await app.cookieOf('bob');
    const { status: code, body } = await ask('/sessions?user=ann');
    expect(code).toBe(200);
    expect(body).toEqual({
      sessions: [
        {
          reference: expect.stringMatching(/^[\w-]{22}$/),
          user: 'ann',
          roles: expect.arrayContaining(['editor', 'author']),
          ...{ createdAt: INSTANT, seenAt: INSTANT, expiresAt: INSTANT },
        },
      ],
      cursor: null,
    });
    const [, payload = ''] = cookie.split('.');
    const { sid } = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(JSON.stringify(body)).not.toContain(sid);
    expect((await ask('/sessions?user=nobody')).body).toEqual({ sessions: [], cursor: null });
  });

  it('ends one session, or all of a user’s, for every process', async () => {
    const cookies = [await app.cookieOf('ann'), await app.cookieOf('ann'), await app.cookieOf('bob')];
    for (const cookie of cookies) expect(await status(cookie)).toBe(200);
    const [reference = ''] = await referencesOf('bob');
    expect((await ask(`/sessions/${reference}`, 'DELETE')).status).toBe(204);
    await expect.poll(() => status(cookies[2]!)).toBe(401);
    expect((await app.open(cookies[2]!)).session.user).toBeNull();
    expect((await ask('/sessions?user=ann', 'DELETE')).body).toEqual({ ended: 2 });
    for (const cookie of cookies) await expect.poll(() => status(cookie)).toBe(401);
    expect((await ask('/sessions?user=ann', 'DELETE')).body).toEqual({ ended: 0 });
  });

  it.each([
    ['GET', '/sessions?user=', 400],
    ['GET', `/sessions?user=${'u'.repeat(257)}`, 400],
    ['GET', '/sessions?user=a&user=b', 400],
    ['GET', '/sessions?usr=a', 400],
    ['DELETE', '/sessions', 400],
    ['DELETE', '/sessions/AAAAAAAAAAAAAAAAAAAAAA', 404],
    ['DELETE', '/sessions/no-reference', 404],
    ['DELETE', '/sessions?user=a&usr=b', 400],
    ['DELETE', '/sessions/%E0%A4', 400],
    ['GET', '/elsewhere', 404],
  ])('%s %s is a problem, in the form of RFC 9457', async (method, path, code) => {
    const { status: got, type, body } = await ask(path, method);
    expect([got, type]).toEqual([code, expect.stringContaining('application/problem+json')]);
    expect(body).toEqual({
      type: 'about:blank',
      title: expect.any(String),
      status: code,
      detail: expect.any(String),
    });
  });

  it('says that the store is away, and how sessions go on', async () => {
    const cookie = await app.cookieOf('ann');
    expect(await status(cookie)).toBe(200);
    expect((await ask('/readyz')).body.sessions).toEqual({ mode: 'store', degraded: false, kept: 0 });
    await valkey.kill();
    await expect.poll(async () => (await ask('/sessions?user=ann')).status).toBe(503);
    expect((await ask('/sessions?user=ann', 'DELETE')).body.code).toMatch(/^ERR_STORE_/);
    await expect
      .poll(async () => {
        expect(await status(cookie)).toBe(200);
        return (await ask('/readyz')).body.sessions.degraded;
      })
      .toBe(true);
    const metrics = await (await fetch(`${admin}/metrics`)).text();
    expect(metrics).toContain('cachegate_sessions_degraded 1\n');
    expect(metrics).toMatch(/cachegate_session_lookups_total\{result="hit"\} [1-9]/);
    expect(metrics).toMatch(/cachegate_session_lookups_total\{result="error"\} [1-9]/);
    await valkey.restart();
  });

  it('listens to no page whose name was made to lead here', async () => {
    const asHost = (host: string) =>
      new Promise<number>((resolve, reject) => {
        const request = httpRequest(`${admin}/sessions?user=ann`, { headers: { Host: host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        });
        request.on('error', reject).end();
      });
    expect(await asHost('attacker.example')).toBe(403);
    expect(await asHost('attacker.example:9180')).toBe(403);
    for (const host of ['localhost:9180', '[::1]:9180', 'cachegate', 'gate.internal']) {
      expect(await asHost(host)).toBe(200);
    }
  });
});

it('has no sessions and no metrics where there are none', async () => {
  const other = await startGatedSite(
    { api: { origin: origin.url } },
    { admin_listen: '127.0.0.1:0', metrics: false },
  );
  admin = other.server.adminUrl!;
  expect((await ask('/sessions')).status).toBe(404);
  expect((await ask('/metrics')).status).toBe(404);
  expect((await ask('/readyz')).body).not.toHaveProperty('sessions');
  await other.close();
});

const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('cachegate sessions', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cachegate-sessions-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('lists and revokes at a running server', async () => {
    const cookie = await app.cookieOf('ann\u202eeve');
    const user = 'ann\u202eeve';
    const listed = await runCommand(['sessions', 'list', '--user', user, '--admin', admin]);
    expect([listed.how, listed.errors]).toEqual([0, '']);
    const [head, row] = listed.output.split('\n');
    expect(head).toMatch(/^REFERENCE +USER +ROLES +CREATED +SEEN +EXPIRES$/);
    // Nothing that turns the line around.
    expect(row).toContain('ann\\u202eeve');
    const [reference = ''] = await referencesOf(user);
    const json = await runCommand(['sessions', 'list', '--json', '--admin', admin]);
    expect(JSON.parse(json.output).sessions).toEqual([expect.objectContaining({ reference, user })]);
    const revoked = await runCommand(['sessions', 'revoke', '--reference', reference, '--admin', admin]);
    expect(revoked).toEqual({ how: 0, output: 'ended 1 session\n', errors: '' });
    await expect.poll(() => status(cookie)).toBe(401);
    const again = await runCommand(['sessions', 'revoke', '--reference', reference, '--admin', admin]);
    expect(again).toEqual({ how: 1, output: '', errors: 'cachegate: No session has this reference\n' });
  });

  it.each([
    [
      ['revoke', '--admin', 'http://127.0.0.1:1'],
      2,
      '--user, --reference: found neither; accepted: one of them',
    ],
    [['list', '--admin', 'nowhere'], 2, '--admin: found "nowhere"; accepted: http://HOST:PORT'],
    [['list', '--admin', 'http://127.0.0.1:1'], 1, 'no answer from http://127.0.0.1:1: ECONNREFUSED'],
    [['list'], 2, 'sessions: found nothing to ask; accepted: --admin URL, --config FILE, or one of'],
  ])('%j ends with %i', async (args, code, text) => {
    const { how, output, errors } = await runCommand(['sessions', ...args], { cwd: folder });
    expect([how, output]).toEqual([code, '']);
    expect(errors).toContain(`cachegate: `);
    expect(errors).toContain(text);
    expect(errors.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([
    [['list'], 200, '{}'],
    [['list'], 200, '{"sessions":[{}],"cursor":null}'],
    [['list'], 200, '<html>'],
    [['list'], 302, ''],
    [['revoke', '--user', 'ann'], 200, '{"ended":"all"}'],
    [['revoke', '--reference', 'r'], 200, '{}'],
    [['revoke', '--reference', 'r'], 400, '{"detail":"a\\n\\u001b[2Jb"}'],
  ])('%j says in a line that %i %s is no answer', async (args, code, body) => {
    const other = await startNotingServer((_, response) => response.writeHead(code).end(body));
    const { how, output, errors } = await runCommand(['sessions', ...args, '--admin', other.url]);
    await other.close();
    expect([how, output]).toEqual([1, '']);
    expect(errors).toMatch(/^cachegate: [\x20-\x7e]+\n$/);
  });

  it('helps with examples', async () => {
    const { how, output } = await runCommand(['sessions', 'revoke', '--help']);
    expect(how).toBe(0);
    expect(output).toContain('$ cachegate sessions revoke --user ann');
  });

  it('finds the address in the file, and asks a server of several workers', async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const settings = {
      ...{ listen: `127.0.0.1:${port}`, admin_listen: `127.0.0.1:${adminPort}`, workers: 2 },
      ...{ ...top(), sessions },
      services: { api: { path: '/api', origin: origin.url, session: { authority: 'own' } } },
    };
    await writeFile(join(folder, 'cachegate.yaml'), stringify(settings));
    const server = startCommand(['serve'], { cwd: folder });
    try {
      await expect.poll(server.output, { timeout: 15_000 }).toContain('Listening on');
      const cookie = await app.cookieOf('ann');
      const gated = async () => {
        const response = await fetch(`http://127.0.0.1:${port}/api/a`, {
          headers: { Cookie: cookie, Connection: 'close' },
        });
        return response.status;
      };
      for (let i = 0; i < 4; i++) expect(await gated()).toBe(200);
      admin = `http://127.0.0.1:${adminPort}`;
      expect((await ask('/readyz')).body.sessions).toEqual({ mode: 'store', degraded: false, kept: 0 });
      const metrics = await (await fetch(`${admin}/metrics`)).text();
      expect(metrics).toContain('cachegate_session_lookups_total{result="hit"} 4\n');
      const listed = await runCommand(['sessions', 'list', '--user', 'ann', '--json'], { cwd: folder });
      expect(JSON.parse(listed.output).sessions).toHaveLength(1);
      const revoked = await runCommand(['sessions', 'revoke', '--user', 'ann', '--json'], { cwd: folder });
      expect(revoked).toMatchObject({ how: 0, output: '{"ended":1}\n' });
      for (let i = 0; i < 4; i++) await expect.poll(gated).toBe(401);
    } finally {
      server.signal('SIGTERM');
      await server.ended;
    }
  });
});
