import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog, type Log } from '../../src/observe/log.ts';
import { sendRaw } from '../support/raw-client.ts';
import { secretsIn } from '../support/secret-forms.ts';
import { newSecrets, type Secrets, startTellingSite } from '../support/telling-site.ts';

// A whole run, with what goes right and what goes wrong; then all that was said anywhere is searched for every secret that
// was used in it.

type Site = Awaited<ReturnType<typeof startTellingSite>>;
type Destination = { write(line: string): void };

const LOGS: [string, (destination: Destination) => Log][] = [
  ['its own log', (destination) => createLog({ level: 'detailed', destination })],
  ['an application’s log, which shows errors with all they have', (destination) => pino({}, destination)],
];

const spans = new InMemorySpanExporter();
beforeAll(() => {
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  trace.setGlobalTracerProvider(provider);
});
afterAll(() => trace.disable());

describe.each(LOGS)('a run with %s', (_, createLogTo) => {
  it('says no secret, whatever goes wrong', async () => {
    const log: string[] = [];
    const said: string[] = [];
    const secrets: Secrets & Record<string, string> = newSecrets();
    const warnings = (warning: Error) => said.push(String(warning.stack));
    process.on('warning', warnings);
    const logger = createLogTo({ write: (line) => void log.push(line) });
    logger.level = 'trace';
    const site = await startTellingSite(secrets, logger);
    try {
      await runThrough(site, secrets, said);
    } finally {
      await site.close();
      process.off('warning', warnings);
    }
    const told = spans.getFinishedSpans().map((span) => JSON.stringify(shownSpan(span)));
    spans.reset();
    expect(told.length).toBeGreaterThan(0);
    for (const text of EXPECTED) expect(log.join(''), `the log has ${text}`).toContain(text);
    const leaks = [...log, ...said, ...told].flatMap((text) =>
      secretsIn(text, secrets).map((name) => `${name} in ${text.slice(0, 2_000)}`),
    );
    expect(leaks).toEqual([]);
  }, 60_000);
});

// Else the run would show nothing.
const EXPECTED = [
  ...['Cache hit for open', 'Cache miss for api', "Cache operation 'save'", 'Aggregate cache stats'],
  ...['Session cache hit', 'Session cache miss', 'validation for session:', ': unavailable', ': invalid'],
  ...[
    'Origin failed for down',
    'Origin failed for garbled',
    'Request failed for code',
    'A handler has failed',
  ],
  ...['Purged 1 response by URL', 'Purge refused', 'Purge by tag news (hard) failed'],
  ...['The store is away', 'Session cache error', 'Response cache check failed', 'Value cache check failed'],
];

function shownSpan({
  name,
  attributes,
  events,
  status,
  links,
}: ReturnType<typeof spans.getFinishedSpans>[number]) {
  return { name, attributes, events, status, links: links.map((link) => link.attributes) };
}

async function runThrough(
  site: Site,
  secrets: Secrets & Record<string, string>,
  said: string[],
): Promise<void> {
  const client = clientOf(site, secrets, said);
  await client.requests();
  await withOwnSession(site, secrets, said);
  await client.purges();
  await adminRequests(site, secrets.adminToken, said);
  await inApplication(site, secrets, said);
  await fetchSaid(said, site.lockedOutUrl, '/open/locked-out');
  site.authority.close();
  await client.ask('/api/a', { 'X-Session': `${secrets.unknownSession}x` });

  await site.valkey.kill();
  await client.requests();
  await client.purges();
  await adminRequests(site, secrets.adminToken, said);
  // Who is refused too often is not listened to for a while.
  for (const token of ['', secrets.wrongToken]) await adminRequests(site, token, said);
  await inApplication(site, secrets, said);
}

async function fetchSaid(
  said: string[],
  url: string,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  const signal = AbortSignal.timeout(5_000);
  const response = await fetch(url + path, {
    ...{ method, headers, redirect: 'manual', signal },
    ...(body !== undefined && { body }),
  });
  // An event stream goes on; what it says at first will do.
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isStream ? await firstOf(response) : await response.clone().text();
  said.push(`${method} ${response.status}`, JSON.stringify([...response.headers]), text);
  return response;
}

async function firstOf(response: Response): Promise<string> {
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

function clientOf(site: Site, secrets: Secrets, said: string[]) {
  const own = {
    Authorization: `Bearer ${secrets.authorization}`,
    Cookie: `a=${secrets.cookie}; sid=${secrets.unknownSession}.x.${secrets.cookie}`,
  };
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetchSaid(said, site.url, `${path}?api_key=${secrets.query}`, {
      method,
      headers: { ...own, ...headers },
    });

  async function requests(): Promise<void> {
    for (const session of [secrets.session, secrets.session, secrets.unknownSession, '']) {
      await ask('/api/a', session === '' ? {} : { 'X-Session': session });
    }
    for (const path of ['/open/a', '/open/a', '/garbled/a', '/down/a', '/own/a', '/nowhere']) await ask(path);
    for (let i = 0; i < site.throws; i++) await ask('/code/a');
    await ask('/open/a', {}, 'POST');
    await ask('/open/a', { 'Content-Type': secrets.cookie }, 'POST');
    await ask('/api/logout', { 'X-Session': secrets.session }, 'POST');
    for (const bytes of broken(secrets)) said.push(await sendRaw(site.url, bytes));
  }

  async function purges(): Promise<void> {
    const right = { Authorization: `Bearer ${secrets.purgeToken}` };
    await ask('/open/a', right);
    for (const headers of [right, { Authorization: `Bearer ${secrets.wrongToken}` }, {}]) {
      await ask('/open/a', headers, 'PURGE');
      await fetchSaid(said, site.url, '/', { method: 'PURGE', headers: { ...headers, 'Cache-Tag': 'news' } });
    }
  }

  return { ask, requests, purges };
}

/** Requests that nobody could read, with secrets in them. */
function broken({ authorization, cookie, query }: Secrets): string[] {
  const fields = `Host: a\r\nAuthorization: Bearer ${authorization}\r\nCookie: a=${cookie}\r\n`;
  return [
    `GET /open/${query} HTTP/1.1\r\n${fields}no field ${cookie}\r\n\r\n`,
    `GET /open/${query} HTTP/1.1\r\n${fields}X: \0${cookie}\r\n\r\n`,
    `GET /open/${query} HTTP/1.1\r\n${fields}Host: ${cookie}\r\nConnection: close\r\n\r\n`,
    `GET /open/%${query} ${cookie} HTTP/1.1\r\n${fields}\r\n`,
    `GET http://${query}:x@a/ HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`,
    `POST /open/a HTTP/1.1\r\n${fields}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n${cookie}\r\n\r\n`,
    `GET /open/a HTTP/1.1\r\n${fields}Connection: Upgrade, ${cookie}, close\r\nUpgrade: ${cookie}\r\n\r\n`,
    `GET /open/a HTTP/1.1\r\n${fields}X: ${cookie.repeat(2_000)}\r\n\r\n`,
  ];
}

/** The token of a session is as good as a password, and so is its id. */
async function withOwnSession(site: Site, secrets: Record<string, string>, said: string[]): Promise<void> {
  const request = {
    method: 'POST',
    cookie: undefined,
    origin: undefined,
    fetchSite: undefined,
    host: 'localhost',
  };
  const opened = await site.cachegate.sessions!.open(request);
  await opened.session.login('ann', { roles: ['editor'] });
  const [setCookie = ''] = await opened.commit();
  const cookie = setCookie.split(';')[0]!;
  const [, payload, signature] = cookie.split('.');
  secrets.ownSignature = signature!;
  secrets.ownSessionId = (JSON.parse(Buffer.from(payload!, 'base64url').toString()) as { sid: string }).sid;
  for (const presented of [cookie, `${cookie}x`, `sid=; ${cookie}`, cookie.replaceAll('.', '..')]) {
    await fetchSaid(said, site.url, '/own/a', { headers: { Cookie: presented } });
  }
}

async function adminRequests(site: Site, token: string, said: string[]): Promise<void> {
  const json = (value: unknown) => JSON.stringify(value);
  const asked: [string, string, string?][] = [
    ...['/healthz', '/readyz', '/metrics', '/stats', '/services', '/config', '/sessions', '/cache-test'].map(
      (path): [string, string] => ['GET', path],
    ),
    ...['/openapi.json', '/docs/', '/warm', '/sessions?user=ann', '/nowhere'].map(
      (path): [string, string] => ['GET', path],
    ),
    ['GET', '/explain?url=/open/a&header=Accept:%20*/*'],
    ['GET', '/explain?url=/open/a&header=wrong'],
    ['POST', '/purge', json({ tags: ['news'] })],
    ['POST', '/purge', json({ url: '/open/a', mode: 'soft' })],
    ['POST', '/purge', '{"wrong": '],
    ['POST', '/warm', json({ urls: ['/open/b', '/down/b'] })],
    ['POST', '/warm', json({ hot: 10 })],
    ['POST', '/warm-cache', json([1, 2, 'a'])],
    ['DELETE', '/sessions/unknown-reference'],
  ];
  const headers: Record<string, string> = token === '' ? {} : { Authorization: `Bearer ${token}` };
  for (const [method, path, body] of asked) {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const options = { method, headers: { ...headers, ...type }, ...(body !== undefined && { body }) };
    const response = await fetchSaid(said, site.adminUrl, path, options);
    const location = response.headers.get('location');
    if (location === null) continue;
    for (const at of [`${location}/events`, location]) await fetchSaid(said, site.adminUrl, at, { headers });
  }
}

async function inApplication(
  { cachegate, origin, ...site }: Site,
  secrets: Secrets,
  said: string[],
): Promise<void> {
  const headers = { Authorization: `Bearer ${secrets.apiKey}`, Cookie: `a=${secrets.cookie}` };
  for (const url of [origin.url, origin.url, 'http://127.0.0.1:1']) {
    await cachegate.fetch(`${url}/x?api_key=${secrets.query}`, { headers }).then(
      (response) => response.text(),
      () => {},
    );
  }
  const key = `of ${secrets.valueKey}`;
  await cachegate.cache.remember(key, { ttlSeconds: 60 }, async () => secrets.inCode);
  await cachegate.cache.get(key);
  for (const session of [secrets.session, secrets.unknownSession]) {
    const field = (name: string) => (name === 'x-session' ? session : undefined);
    await cachegate.gate({ method: 'GET', peer: '127.0.0.1', field });
  }
  for (let i = 0; i < site.throws; i++) await fetchSaid(said, site.applicationUrl, `/${i}`, { headers });
  said.push(JSON.stringify([cachegate.getStats?.(), await cachegate.getStatsAsync?.()]));
}
