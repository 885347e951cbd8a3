import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type AdminServer, startAdminServer } from '../../src/admin/admin-server.ts';
import type { AdminSources } from '../../src/admin/admin-sources.ts';
import type { WarmReport } from '../../src/warm/warm-job.ts';
import { fakeSources } from '../support/fake-admin.ts';
import { fakeOperations, STATS, warmReport } from '../support/fake-operations.ts';

const TOKEN = 'a secret of the admin';

let folder: string;
const running: AdminServer[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-admin-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(given: Partial<AdminSources> = {}): Promise<string> {
  const server = await startAdminServer({ kind: 'tcp', host: '127.0.0.1', port: 0 }, fakeSources(given));
  running.push(server);
  return server.url;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function ask(url: string, options: RequestOptions & { body?: string } = {}): Promise<Answer> {
  const outgoing = httpRequest(url, { ...options, agent: false });
  outgoing.end(options.body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, headers: answer.headers, body: await text(answer) };
}

/** Sends bytes as they are, and answers all that comes until the end of the connection. */
async function sendRaw(url: string, bytes: string | Buffer): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  socket.on('error', () => {});
  return (await text(socket)).toString();
}

const detailOf = ({ body }: Answer) => JSON.parse(body).detail;

it('is there on a Unix socket, for whoever its file lets in', async () => {
  const path = join(folder, 'admin.sock');
  running.push(await startAdminServer({ kind: 'unix', path }, fakeSources({ token: TOKEN })));
  const asked = { socketPath: path, headers: { Authorization: `Bearer ${TOKEN}` } };
  const answer = await ask('http://localhost/stats', asked);
  expect([answer.status, JSON.parse(answer.body)]).toEqual([200, STATS]);
  // Nobody is held there: all that come have the same address, which is none.
  const wrong = { socketPath: path, headers: { Authorization: 'Bearer wrong' } };
  for (let i = 0; i < 12; i += 1) expect((await ask('http://localhost/stats', wrong)).status).toBe(401);
  expect((await ask('http://localhost/stats', asked)).status).toBe(200);
});

it('holds an address that guesses, but not its probes', async () => {
  const refusals: [string, string | undefined][] = [];
  const url = await start({ token: TOKEN, refused: (...refusal) => refusals.push(refusal) });
  const asked = (token: string) => ask(`${url}/stats`, { headers: { Authorization: `Bearer ${token}` } });
  for (let i = 0; i < 10; i += 1) expect((await asked('wrong')).status).toBe(401);
  const held = await asked(TOKEN);
  expect([held.status, Number(held.headers['retry-after'])]).toEqual([429, expect.closeTo(60, -1.5)]);
  expect((await ask(`${url}/healthz`)).status).toBe(200);
  expect(refusals).toHaveLength(11);
  expect(refusals[10]).toEqual(['Too many wrong tokens came from this address', '127.0.0.1']);
});

it.each([
  [{ Host: 'attacker.example' }, 'The Host of the request is a name that anybody could point here'],
  [{ Origin: 'http://attacker.example' }, 'The request comes from a page of another web origin'],
  [{ 'Sec-Fetch-Site': 'cross-site' }, 'The request comes from a page of another web origin'],
])('refuses a request with %j', async (headers, detail) => {
  const operations = fakeOperations();
  const url = await start({ operations });
  const body = JSON.stringify({ url: '/a' });
  const answer = await ask(`${url}/purge`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/json', ...headers },
  });
  expect([answer.status, detailOf(answer), operations.asked]).toEqual([403, detail, []]);
});

it('answers with a problem what is no HTTP, and what is too large', async () => {
  const url = await start();
  const tooLong = `x-field: ${'x'.repeat(20_000)}\r\n`;
  for (const [bytes, status] of [
    ['what is this\r\n\r\n', '400 Bad Request'],
    ['GET /stats HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', '400 Bad Request'],
    [`GET /stats HTTP/1.1\r\nHost: a\r\n${tooLong}\r\n`, '431 Request Header Fields Too Large'],
    [
      'POST /purge HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 65537\r\n\r\n',
      '413 Payload Too Large',
    ],
  ] as const) {
    const answer = await sendRaw(url, bytes);
    expect(answer.split('\r\n', 1)).toEqual([`HTTP/1.1 ${status}`]);
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
    expect(answer).toMatch(/cache-control: no-store/i);
    const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    expect(problem).toMatchObject({ status: Number(status.slice(0, 3)), detail: expect.any(String) });
  }
});

it('stops reading a content of unknown length where it is too large', async () => {
  const url = await start();
  const outgoing = httpRequest(`${url}/purge`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
  });
  outgoing.on('error', () => {});
  outgoing.write(`{"url":"/${'x'.repeat(70_000)}`);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect([answer.statusCode, JSON.parse(await text(answer)).detail]).toEqual([
    413,
    'The content is too large; accepted: 16 MiB where jobs are started, else 64 KiB',
  ]);
  outgoing.destroy();
});

it('streams how a job goes on, with the token alone, and lets go when it stops', async () => {
  let report: WarmReport = warmReport();
  const operations = fakeOperations();
  const warm = { ...operations.warm, report: async () => report };
  const url = await start({ operations: { ...operations, warm }, token: TOKEN });
  const path = `${url}/warm/job-1/events`;
  expect((await ask(path)).status).toBe(401);
  const headers = { Authorization: `Bearer ${TOKEN}`, Accept: 'text/event-stream' };
  const outgoing = httpRequest(path, { headers, agent: false }).end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect([answer.statusCode, answer.headers]).toEqual([
    200,
    expect.objectContaining({
      ...{ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
      'x-content-type-options': 'nosniff',
    }),
  ]);
  const [first] = await once(answer, 'data');
  expect(String(first)).toBe(`event: progress\ndata: ${JSON.stringify(warmReport())}\n\n`);
  report = warmReport({ state: 'done', warmed_count: 3, ended_at: '2026-01-01T12:00:05.000Z' });
  const rest = await text(answer);
  expect(rest.endsWith(`event: end\ndata: ${JSON.stringify(report)}\n\n`)).toBe(true);

  // A stop does not wait for streams.
  report = warmReport();
  const again = httpRequest(path, { headers, agent: false }).end();
  const [open] = (await once(again, 'response')) as [IncomingMessage];
  open.on('error', () => {});
  const closed = new Promise((resolve) => open.once('close', resolve));
  open.resume();
  await running.pop()!.close();
  await closed;
});
