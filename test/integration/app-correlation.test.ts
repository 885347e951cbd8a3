import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Cachegate } from '../../src/app/cachegate.ts';
import { createCachegate } from '../../src/app/create-cachegate.ts';
import { cachegateMiddleware } from '../../src/frameworks/hono.ts';
import { withCachegate as onNode } from '../../src/frameworks/node.ts';
import type { RequestParts } from '../../src/frameworks/request-parts.ts';
import { withCachegate as onWeb, requireGate } from '../../src/frameworks/web.ts';
import { createLog } from '../../src/observe/log.ts';
import type { LogRecord } from '../support/gate.ts';
import { type NotingServer, startNotingServer } from '../support/gated-site.ts';

// All that the log says of a request to an application carries that request's id, and so does what origins are asked.

let origin: NotingServer;
let authority: NotingServer;
let cachegate: Cachegate;
let records: LogRecord[];

beforeEach(async () => {
  origin = await startNotingServer((_, response) => {
    response.setHeader('Cache-Control', 'max-age=60').end('answer');
  });
  authority = await startNotingServer((_, response) => response.end());
  records = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line) as LogRecord) };
  cachegate = await createCachegate(
    {
      logging_level: 'detailed',
      services: { books: { origin: origin.url }, gone: { origin: 'http://127.0.0.1:1' } },
      gate: { authority: 'http', url: authority.url, header: 'X-Session' },
    },
    { env: {}, log: createLog({ level: 'detailed', destination }) },
  );
  records.splice(0);
});
afterEach(async () => {
  await cachegate.close();
  await Promise.all([origin.close(), authority.close()]);
});

async function handle({ cachedFetch }: Pick<RequestParts, 'cachedFetch'>): Promise<never> {
  for (let i = 0; i < 2; i++) await (await cachedFetch(`${origin.url}/a`)).text();
  await cachedFetch('http://127.0.0.1:1/').catch(() => {});
  throw new Error('of the handler');
}

const REQUEST = { 'X-Request-Id': 'of-the-request', 'X-Session': 'session-0123456789' };

async function expectCorrelated(...texts: string[]): Promise<void> {
  await expect.poll(() => records.map(({ msg }) => msg)).toEqual(expect.arrayContaining(texts));
  const others = records.filter(({ correlationId }) => correlationId !== 'of-the-request');
  expect(others).toEqual([]);
  for (const { headers } of [...origin.asked, ...authority.asked]) {
    expect(headers['x-request-id']).toBe('of-the-request');
  }
}

const TOLD = [
  'Cache miss for books',
  'Cache hit for books',
  'Origin failed for gone',
  "Cache operation 'save'",
];
const told = () => TOLD.map((text) => expect.stringContaining(text));

it('in a handler of the fetch standard', async () => {
  const serve = onWeb(cachegate, (_, parts) => handle(parts), { guards: [requireGate] });
  expect((await serve(new Request('http://localhost/', { headers: REQUEST }))).status).toBe(500);
  await expectCorrelated(...told(), 'A handler has failed', expect.stringContaining('Session cache miss'));
});

it('in a server of Node’s', async () => {
  const server: Server = createServer(onNode(cachegate, (_, __, parts) => handle(parts)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect((await fetch(`http://127.0.0.1:${port}/`, { headers: REQUEST })).status).toBe(500);
  server.closeAllConnections();
  server.close();
  await expectCorrelated(...told(), 'A handler has failed');
});

it('in Hono', async () => {
  const app = new Hono();
  app.use(cachegateMiddleware(cachegate, { peer: () => '' }));
  app.get('/', (c) => handle({ cachedFetch: c.get('cachedFetch') }));
  app.onError((_, c) => c.text('failed', 500));
  expect((await app.request('/', { headers: REQUEST })).status).toBe(500);
  await expectCorrelated(...told());
});
