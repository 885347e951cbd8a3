import { afterAll, beforeAll, expect, it } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import {
  createDocumentChecker,
  type DocumentedOperation,
  type OpenApiDocument,
  operationsOf,
} from '../support/document-checker.ts';
import { type NotingServer, startNotingServer } from '../support/gated-site.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const TOKEN = 'a-secret-of-the-admin';

let valkey: ValkeyServer;
let origin: NotingServer;
let server: RunningServer;
let checker: ReturnType<typeof createDocumentChecker>;

beforeAll(async () => {
  valkey = await startValkeyServer();
  origin = await startNotingServer((request, response) => {
    const headers = {
      'Cache-Control': 'max-age=60',
      Vary: 'Accept-Language',
      ETag: '"a"',
      'Cache-Tag': 'a, b',
    };
    response.writeHead(request.url === '/missing' ? 404 : 200, headers).end('content');
  });
  const config = configSchema.parse({
    ...{ listen: '127.0.0.1:0', admin_listen: '127.0.0.1:0', admin_token: TOKEN, store: valkey.url },
    ...{ statistics_storage: 'redis', warm: { template: '/api/{id}' } },
    sessions: { secrets: ['a secret of at least 32 characters'] },
    services: {
      api: { path: '/api', origin: origin.url, origin_limit: { rules: [{ limit: 900, window_seconds: 1 }] } },
    },
  });
  const log = createLog({ level: 'minimal', destination: { write: () => {} } });
  server = await startServer(config, { env: { NODE_ENV: 'development' }, log });
  const document = (await ask('/openapi.json')).body as OpenApiDocument;
  checker = createDocumentChecker(document);
});
afterAll(async () => {
  await server?.close(1_000);
  await Promise.all([valkey?.stop(), origin?.close(), checker?.close()]);
});

async function ask(path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') {
  const answer = await fetch(server.adminUrl + path, {
    method,
    headers: {
      Authorization: `Bearer ${TOKEN}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const type = answer.headers.get('content-type') ?? '';
  const text = await answer.text();
  return { status: answer.status, body: /json/.test(type) ? JSON.parse(text) : text };
}

/** Asks, and compares what comes with what the document says of it. */
async function checked(id: string, path: string, body?: unknown, method?: string) {
  const { operation } = operationsOf(checker.document).find(({ operation }) => operation.operationId === id)!;
  const answer = await ask(path, body, method);
  const described = contentOf(operation, answer.status);
  expect([path, answer, await checker.faults(described.schema, answer.body)]).toEqual([path, answer, []]);
  return answer;
}

function contentOf({ responses }: DocumentedOperation, status: number) {
  const { content } = responses[status] ?? responses.default!;
  return Object.values(content!)[0]!;
}

it('answers as its document says, each operation of it', async () => {
  const get = (path: string) => fetch(server.url + path).then((answer) => answer.text());
  await get('/api/a');
  // What `fetch` asks for by itself.
  const next = async () => (await ask('/explain?url=/api/a&header=Accept-Language:%20*')).body.next.action;
  await expect.poll(next, { timeout: 10_000 }).toBe('reuse');
  for (let i = 0; i < 2; i += 1) await get('/api/a');
  await get('/api/missing');

  expect((await checked('stats', '/stats')).body).toMatchObject({
    total_hits: 2,
    total_misses: 2,
    enabled: true,
  });
  for (const path of ['/api/a', '/api/other', '/api/missing', '/nowhere']) {
    await checked('explain', `/explain?url=${encodeURIComponent(path)}&header=Accept-Language:%20de`);
    await checked('explain', `/explain?url=${encodeURIComponent(path)}&method=POST`);
  }
  const explained = await checked('explain', '/explain?url=/api/a&header=Accept-Language:*');
  expect(explained.body).toMatchObject({ service: 'api', stored: true, next: { action: 'reuse' } });
  expect((await checked('explain', '/explain?url=nonsense')).status).toBe(400);

  expect((await checked('purge', '/purge', { url: '/api/a', wait: true })).body).toEqual({ purged: 1 });
  expect((await checked('purge', '/purge', { service: 'nobody' })).status).toBe(404);
  expect((await checked('purge', '/purge', { url: 'ftp://x' })).body.code).toBe('ERR_PURGE_INVALID');

  const started = await checked('warm', '/warm', { ids: [1, '1', 2, {}], template: '/api/{id}' });
  expect([started.status, started.body.total_requested, started.body.duplicates]).toEqual([202, 3, 1]);
  const job = `/warm/${started.body.id}`;
  await expect.poll(async () => (await checked('warmJob', job)).body.state).toBe('done');
  expect((await ask(`${job}/events`)).body).toMatch(
    /^event: end\ndata: \{.*"warmed_count":2,"failed_count":1/,
  );
  await checked('cancelWarmJob', job, undefined, 'DELETE');
  expect((await checked('warmCache', '/warm-cache', [7])).status).toBe(202);
  expect((await checked('warm', '/warm', { ids: [1], template: 'nonsense' })).body.code).toBe(
    'ERR_WARM_INVALID',
  );
  expect((await checked('warmJobs', '/warm')).body.jobs.length).toBeGreaterThan(1);
  expect((await checked('warmJob', '/warm/none')).status).toBe(404);

  await checked('sessions', '/sessions');
  await checked('endSessionsOfUser', '/sessions?user=ann', undefined, 'DELETE');
  await checked('endSession', '/sessions/none', undefined, 'DELETE');
  await checked('healthz', '/healthz');
  await checked('readyz', '/readyz');
  expect((await checked('services', '/services')).body.services).toHaveLength(1);
  const config = await checked('config', '/config');
  expect(JSON.stringify(config)).not.toContain(TOKEN);
  expect(config.body).toMatchObject({ admin_token: '[redacted]' });
  expect((await checked('cacheTest', '/cache-test')).body.status).toBe('ok');
  expect((await ask('/metrics')).body).toContain('# HELP ');
});
