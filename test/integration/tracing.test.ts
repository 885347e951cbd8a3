import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type GatedSite,
  type NotingServer,
  startGatedSite,
  startIdentityAuthority,
  startNotingServer,
} from '../support/gated-site.ts';
import { registerSdk, type SeenSpan } from '../support/spans.ts';

// Spans of requests through a real server, and what its origin and its authority are told of them (W3C Trace Context).

const sdk = registerSdk();
afterAll(() => sdk.remove());

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${CALLER}-01`;
const SESSION = 'session-of-ann';

type Handler = Parameters<typeof startNotingServer>[0];

let handler: Handler;
let origin: NotingServer;
let authority: Awaited<ReturnType<typeof startIdentityAuthority>>;
let site: GatedSite;
beforeEach(async () => {
  sdk.reset();
  handler = (_, response) => response.setHeader('Cache-Control', 'max-age=60').end('body');
  origin = await startNotingServer((request, response) => handler(request, response));
  authority = await startIdentityAuthority();
  site = await startGatedSite({
    open: { origin: `${origin.url}/base`, upgrade: ['websocket'], timeouts: { headers_ms: 1_000 } },
    gated: {
      origin: origin.url,
      session: { authority: 'http', name: 'Sample', url: authority.url, path: '/me', cookie: 'sessionid' },
      request_headers: { 'X-Api-Key': 'key' },
    },
  });
});
afterEach(async () => {
  await site.close();
  await Promise.all([origin.close(), authority.close()]);
});

const traceparentOf = (asked: NotingServer['asked'][number] | undefined) =>
  String(asked?.headers.traceparent);
const fieldFor = ({ traceId, id }: SeenSpan) => `00-${traceId}-${id}-01`;

describe('tracing', () => {
  it('has a span of each request below its sender’s, one of the origin’s exchange, and one of a validation', async () => {
    const headers = { traceparent: TRACEPARENT, tracestate: 'vendor=1' };
    await site.ask('/gated/a?query=1', { session: SESSION, headers });
    const [server, ...children] = await sdk.spans(3);
    expect(server).toMatchObject({ kind: 'SERVER', name: 'GET /gated', traceId: TRACE_ID, parentId: CALLER });
    expect(server!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/gated',
      'http.response.status_code': 200,
      'url.path': '/gated/a',
      'cachegate.service': 'gated',
      'cachegate.outcome': 'uri-miss',
      'cachegate.cache_key': expect.stringMatching(/^response:\{gated:[\w-]+\}$/),
      'cachegate.correlation_id': TRACE_ID,
    });
    const validation = children.find(({ name }) => name === 'validate Sample')!;
    expect(validation).toMatchObject({ kind: 'CLIENT', traceId: TRACE_ID, parentId: server!.id });
    expect(validation.attributes).toEqual({ 'cachegate.authority': 'Sample', 'cachegate.verdict': 'valid' });
    const exchange = children.find(({ name }) => name === 'GET')!;
    expect(exchange).toMatchObject({ kind: 'CLIENT', traceId: TRACE_ID, parentId: server!.id });
    expect(exchange.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.path': '/a',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(origin.url).port),
      'cachegate.service': 'gated',
    });
    expect(traceparentOf(origin.asked[0])).toBe(fieldFor(exchange));
    expect(origin.asked[0]!.headers.tracestate).toBe('vendor=1');
    expect(traceparentOf(authority.asked[0])).toBe(fieldFor(validation));
    expect(sdk.text()).not.toContain('query');
  });

  it('has a span alone of what the cache answers', async () => {
    await (await site.ask('/open/a')).text();
    await expect.poll(async () => (await site.ask('/open/a')).headers.get('cache-status')).toContain('hit');
    await sdk.spans(3);
    sdk.reset();
    await site.ask('/open/a', { headers: { traceparent: TRACEPARENT } });
    const [hit, ...others] = await sdk.spans(1);
    expect(others).toEqual([]);
    expect(hit).toMatchObject({ kind: 'SERVER', parentId: CALLER, failed: false });
    expect(hit!.attributes).toMatchObject({ 'cachegate.outcome': 'hit', 'http.response.status_code': 200 });
  });

  it('begins a trace where there is none, or none that can be read', async () => {
    for (const traceparent of [undefined, 'ff-1-2-3', `00-${'0'.repeat(32)}-${CALLER}-01`]) {
      sdk.reset();
      const headers = { tracestate: 'vendor=1', ...(traceparent !== undefined && { traceparent }) };
      await site.ask(`/open/${randomBytes(4).toString('hex')}`, { headers });
      const [server, exchange] = await sdk.spans(2);
      expect(server!.parentId).toBeUndefined();
      expect(exchange).toMatchObject({ traceId: server!.traceId, parentId: server!.id });
      expect(traceparentOf(origin.asked.at(-1))).toBe(fieldFor(exchange!));
      expect(origin.asked.at(-1)!.headers.tracestate).toBeUndefined();
    }
  });

  it('passes on that a trace is not sampled, and exports nothing of it', async () => {
    await site.ask('/open/a', { headers: { traceparent: `00-${TRACE_ID}-${CALLER}-00` } });
    expect(traceparentOf(origin.asked[0])).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
    expect(traceparentOf(origin.asked[0])).not.toContain(CALLER);
    expect(await sdk.spans(0)).toEqual([]);
  });

  it('has the exchange behind a stale answer below the request that caused it', async () => {
    handler = (_, response) => {
      response.setHeader('Cache-Control', 'max-age=0, stale-while-revalidate=60').setHeader('ETag', '"1"');
      response.end('body');
    };
    await (await site.ask('/open/swr')).text();
    await sdk.spans(2);
    await expect
      .poll(async () => {
        sdk.reset();
        const response = await site.ask('/open/swr', { headers: { traceparent: TRACEPARENT } });
        return response.headers.get('cache-status');
      })
      .toContain('hit');
    const [server, exchange] = await sdk.spans(2);
    expect(server).toMatchObject({ kind: 'SERVER', traceId: TRACE_ID, parentId: CALLER });
    expect(server!.attributes['cachegate.outcome']).toBe('hit');
    expect(exchange).toMatchObject({ kind: 'CLIENT', traceId: TRACE_ID, parentId: server!.id });
    expect(traceparentOf(origin.asked.at(-1))).toBe(fieldFor(exchange!));
  });

  it('has one exchange of requests that wait for one another, below the first of them', async () => {
    let answer: (() => void) | undefined;
    handler = (_, response) => {
      response.setHeader('Cache-Control', 'max-age=60');
      answer = () => void response.end('body');
    };
    const both = [site.ask('/open/one'), site.ask('/open/one')];
    await expect.poll(() => answer).toBeDefined();
    answer!();
    await Promise.all(both);
    const spans = await sdk.spans(3);
    const servers = spans.filter(({ kind }) => kind === 'SERVER');
    const [exchange, ...others] = spans.filter(({ kind }) => kind === 'CLIENT');
    expect(others).toEqual([]);
    const leader = servers.find(({ id }) => id === exchange!.parentId)!;
    const follower = servers.find(({ id }) => id !== exchange!.parentId)!;
    expect(leader.attributes['cachegate.collapsed']).toBeUndefined();
    expect([true, undefined]).toContain(follower.attributes['cachegate.collapsed']);
    expect(origin.asked).toHaveLength(1);
  });

  it('tells what failed by its kind', async () => {
    handler = (request) => request.socket.destroy();
    expect((await site.ask('/open/gone')).status).toBe(502);
    let [server, exchange] = await sdk.spans(2);
    expect(server).toMatchObject({ failed: true });
    expect(server!.attributes).toMatchObject({
      'http.response.status_code': 502,
      'error.type': 'ERR_ORIGIN_PROTOCOL',
    });
    expect(exchange).toMatchObject({ failed: true });
    expect(exchange!.attributes['error.type']).toBe('ERR_ORIGIN_PROTOCOL');

    sdk.reset();
    handler = (_, response) => response.writeHead(404).end();
    await site.ask('/open/none');
    [server, exchange] = await sdk.spans(2);
    expect(server!.failed).toBe(false);
    expect(exchange).toMatchObject({ failed: true });
    expect(exchange!.attributes).toMatchObject({ 'http.response.status_code': 404, 'error.type': '404' });

    sdk.reset();
    authority.known.clear();
    expect((await site.ask('/gated/b', { session: SESSION })).status).toBe(401);
    [server, exchange] = await sdk.spans(2);
    expect(server!.attributes).toMatchObject({
      'cachegate.outcome': 'gate',
      'http.response.status_code': 401,
    });
    expect(server!.attributes['cachegate.cache_key']).toBeUndefined();
    expect(exchange!.attributes['cachegate.verdict']).toBe('invalid');
  });

  it('does not take a client that left for a failure of the gate', async () => {
    let asked = false;
    handler = () => {
      asked = true;
    };
    const leaving = new AbortController();
    const left = fetch(`${site.url}/open/slow`, { signal: leaving.signal }).catch(() => null);
    await expect.poll(() => asked).toBe(true);
    leaving.abort();
    await left;
    const [server] = await sdk.spans(2);
    expect(server!.attributes['http.response.status_code']).toBe(499);
    expect(server!.failed).toBe(false);
  });

  it('has spans of what belongs to no service, and names none by what a client makes up', async () => {
    await site.ask('/nowhere');
    const [server] = await sdk.spans(1);
    expect(server).toMatchObject({ name: 'GET', kind: 'SERVER' });
    expect(server!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 404,
      'url.path': '/nowhere',
    });
    sdk.reset();
    await site.ask('/open/a', { method: 'REPORT' });
    const [reported, exchange] = await sdk.spans(2);
    expect(reported!.name).toBe('HTTP /open');
    expect(exchange?.name).toBe('HTTP');
    expect(reported!.attributes['http.request.method']).toBe('_OTHER');
  });

  it('tells an origin that is asked to change the protocol', async () => {
    const { hostname, port } = new URL(site.url);
    const socket = connect(Number(port), hostname);
    const fields = `Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\ntraceparent: ${TRACEPARENT}\r\n`;
    socket.write(`GET /open/socket HTTP/1.1\r\n${fields}\r\n`);
    await once(socket, 'data');
    socket.destroy();
    const [server, exchange] = await sdk.spans(2);
    expect(exchange).toMatchObject({ kind: 'CLIENT', parentId: server!.id });
    expect(traceparentOf(origin.asked[0])).toBe(fieldFor(exchange!));
  });

  it('holds no secret', async () => {
    const secrets = Array.from({ length: 5 }, () => randomBytes(12).toString('hex')) as [string, ...string[]];
    const [session, query, token, cookie, agent] = secrets;
    handler = (_, response) => {
      response.writeHead(500, { 'Set-Cookie': `a=${cookie}` });
      response.end(token);
    };
    const headers = {
      Authorization: `Bearer ${token}`,
      Cookie: `sessionid=${session}; other=${cookie}`,
      'User-Agent': agent!,
    };
    expect((await site.ask(`/gated/x?key=${query}`, { headers })).status).toBe(401);
    expect((await site.ask(`/open/x?key=${query}`, { headers })).status).toBe(500);
    await sdk.spans(4);
    for (const secret of secrets) expect(sdk.text()).not.toContain(secret);
  });
});
