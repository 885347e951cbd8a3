import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { ServiceConfig } from '../../src/config/schema.ts';
import { undiciOutbound } from '../../src/gateway/undici-outbound.ts';
import { createLog } from '../../src/observe/log.ts';
import type { WarmResult } from '../../src/warm/warm-result.ts';
import { createLiveGateway, type LiveGateway } from '../../src/wiring/live-gateway.ts';
import { openParts } from '../../src/wiring/open-parts.ts';
import { wireOperated } from '../../src/wiring/wire-operated.ts';

// What becomes of one URL that is fetched ahead, through the services of a configuration, on memory.

const WARMED: WarmResult = { kind: 'warmed' };
const SECOND = 1_000;

let origin: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: IncomingMessage[];
let live: LiveGateway;
let wire: (
  change: Partial<ServiceConfig>,
  headers?: Record<string, string>,
) => ReturnType<typeof wireOperated>;
let release: () => Promise<void>;

beforeEach(async () => {
  asked = [];
  origin = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const config = await loadConfig({ cwd: '/', env: {}, overrides: { origins: { default: url } } });
  const log = createLog({ level: 'minimal', destination: { write: () => {} } });
  const parts = await openParts(config, {
    ...{ env: {}, log, hashKey: 'a secret of the test', registry: null, sessions: null },
    services: () => ['default'],
  });
  wire = (change, headers = {}) => {
    const services = { default: { ...config.services.default!, ...change } };
    const warm = { ...config.warm, request_headers: headers };
    const rest = { own: null, development: false, outbound: undiciOutbound };
    return wireOperated({ ...config, services, warm }, { ...parts, ...rest });
  };
  release = async () => {
    await parts.background.settle(SECOND);
    await live.close();
    await parts.opened.store!.close();
  };
});
afterEach(async () => {
  origin.closeAllConnections();
  await release();
  origin.close();
});

async function serve(change: Partial<ServiceConfig> = {}, headers?: Record<string, string>): Promise<void> {
  live = createLiveGateway(await wire(change, headers));
}

/** Answers with these fields. */
function site(fields: Record<string, string>, status = 200, body = 'hello') {
  return (_: IncomingMessage, response: ServerResponse) => void response.writeHead(status, fields).end(body);
}

const FRESH = site({ 'cache-control': 'max-age=60' });
const warm = async (url = '/a', signal = new AbortController().signal) => live.warmOne(url, signal);

/** What a client is told of the cache. */
async function status(headers: Record<string, string> = {}, method = 'GET'): Promise<string> {
  const { fields } = await live.handle({
    ...{ method, target: '/a', peer: '127.0.0.1', body: null, upgrade: null, inform() {} },
    field: (name) => headers[name],
    fields: Object.entries(headers).flat(),
    signal: new AbortController().signal,
  });
  return fields[fields.indexOf('Cache-Status') + 1]!;
}

const HIT = expect.stringMatching(/^cachegate; hit/);
const failed = (reason: RegExp) => ({ kind: 'failed', reason: expect.stringMatching(reason) });

describe('a URL that is fetched ahead', () => {
  it('is stored once, for GET and HEAD', async () => {
    answer = FRESH;
    await serve();
    expect([await warm(), await warm()]).toEqual([WARMED, WARMED]);
    expect([await status(), await status({}, 'HEAD')]).toEqual([HIT, HIT]);
    expect(asked).toHaveLength(1);
    expect(asked[0]!.headers['x-request-id']).toBeDefined();
  });

  it('is stored for those who send the same fields, where the response varies by them', async () => {
    answer = site({ 'cache-control': 'max-age=60', vary: 'accept-language' });
    await serve({}, { 'Accept-Language': 'de' });
    expect(await warm()).toEqual(WARMED);
    expect(await status({ 'accept-language': 'de' })).toEqual(HIT);
    expect(await status({ 'accept-language': 'en' })).toMatch('vary-miss');
  });

  it.each([
    ['an error', site({ 'cache-control': 'max-age=60' }, 404), failed(/^the origin answers 404$/)],
    ['nothing for a cache', site({ 'cache-control': 'no-store' }), failed(/may not be stored/)],
    ['one for each', site({ 'cache-control': 'max-age=60', vary: '*' }), failed(/may not be stored/)],
    ['429', site({}, 429), { kind: 'later', afterMs: null, reason: 'the origin answers 429' }],
    [
      '429 with a time',
      site({ 'retry-after': '7' }, 429),
      { kind: 'later', afterMs: 7 * SECOND, reason: 'the origin answers 429' },
    ],
    [
      '503 with a time',
      site({ 'retry-after': '7' }, 503),
      { kind: 'later', afterMs: 7 * SECOND, reason: 'the origin answers 503' },
    ],
    ['503 without one', site({}, 503), failed(/^the origin answers 503$/)],
  ])('tells what the origin answers: %s', async (_name, given, result) => {
    answer = given;
    await serve();
    expect(await warm()).toEqual(result);
  });

  it.each<[string, Partial<ServiceConfig>]>([
    ['stores nothing', { cache: 'off' }],
    ['has no GET', { methods: ['POST'] }],
    ['has other paths', { path: '/elsewhere' }],
  ])('is not asked for where its service %s', async (_name, change) => {
    answer = FRESH;
    await serve(change);
    expect(await warm()).toEqual(failed(/./));
    expect(asked).toHaveLength(0);
  });

  it('is not asked for where responses are not everyone’s', async () => {
    answer = FRESH;
    const { cache } = (
      await loadConfig({ cwd: '/', env: {}, overrides: { origins: { default: 'http://x' } } })
    ).services.default!;
    await serve({ cache: { ...(cache as Exclude<typeof cache, 'off'>), shared_by: 'session' } });
    expect(await warm()).toEqual(failed(/not everyone/));
    expect(asked).toHaveLength(0);
  });

  it.each([
    ['too long to be stored', { 'cache-control': 'max-age=60' }],
    ['not to be stored', { 'cache-control': 'no-store' }],
  ])('is not read to an end that never comes, where it is %s', async (_name, fields) => {
    answer = (_, response) => {
      response.writeHead(200, fields);
      const send = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', send);
      send();
    };
    await serve();
    expect(await warm()).toEqual(failed(/may not be stored/));
    await expect.poll(() => asked[0]!.destroyed && asked[0]!.socket.destroyed).toBe(true);
  });

  it('has failed where the origin says nothing, breaks off, or falls silent', async () => {
    const { timeouts } = (
      await loadConfig({ cwd: '/', env: {}, overrides: { origins: { default: 'http://x' } } })
    ).services.default!;
    await serve({ timeouts: { ...timeouts, connect_ms: 500, headers_ms: 500, body_ms: 500 } });
    answer = () => {};
    expect(await warm()).toEqual(failed(/^(?!Internal)/));
    const begin = (response: ServerResponse) =>
      response.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': '10' }).write('hel');
    answer = (_, response) => void begin(response);
    expect(await warm()).toEqual(failed(/^(?!Internal)/));
    answer = (_, response) => {
      begin(response);
      setTimeout(() => response.destroy(), 50);
    };
    expect(await warm()).toEqual(failed(/^(?!Internal)/));
    expect(await status()).toMatch('uri-miss');
  });

  it('ends when it is aborted, before and behind the head of the answer', async () => {
    await serve();
    for (const given of [
      () => {},
      (_: unknown, response: ServerResponse) =>
        void response.writeHead(200, { 'cache-control': 'max-age=60' }).write('x'),
    ]) {
      answer = given;
      const controller = new AbortController();
      const before = asked.length;
      const result = warm('/a', controller.signal);
      await expect.poll(() => asked.length).toBe(before + 1);
      controller.abort();
      expect(await result).toMatchObject({ kind: 'failed' });
      await expect.poll(() => asked[before]!.socket.destroyed).toBe(true);
    }
  });
});

describe('a stored response that is stale', () => {
  const STALE_OK = {
    'cache-control': 'max-age=1, stale-while-revalidate=60, stale-if-error=60',
    etag: '"1"',
  };

  async function stale(): Promise<void> {
    answer = site(STALE_OK);
    expect(await warm()).toEqual(WARMED);
    await expect.poll(next, { timeout: 5_000, interval: 50 }).toBe('reuse-and-revalidate');
  }

  const next = async () => (await live.current.explain({ url: '/a' })).next.action;

  it('is fresh when it is fetched ahead again', async () => {
    await serve();
    await stale();
    answer = site({ 'cache-control': 'max-age=60' }, 200, 'new');
    expect(await warm()).toEqual(WARMED);
    expect(asked).toHaveLength(2);
    expect(await next()).toBe('reuse');
  });

  it('is fresh when the origin has it unchanged', async () => {
    await serve();
    await stale();
    answer = site({ 'cache-control': 'max-age=60', etag: '"1"' }, 304, '');
    expect(await warm()).toEqual(WARMED);
    expect(asked).toHaveLength(2);
    expect(await next()).toBe('reuse');
  });

  it('is not warmed by an origin that fails', async () => {
    await serve();
    await stale();
    answer = (_, response) => void response.destroy();
    expect(await warm()).toEqual(failed(/no fresh response/));
  });

  it('is to be tried again where the budget of the origin is spent', async () => {
    await serve({ origin_limit: { rules: [{ limit: 1, window_seconds: 60 }], wait_ms: 0 } });
    await stale();
    expect(await warm()).toMatchObject({ kind: 'later' });
    expect(asked).toHaveLength(1);
  });
});

describe('a URL that is fetched ahead while another configuration follows', () => {
  it('ends as it began, also where it waits for the budget of its origin', { timeout: 20_000 }, async () => {
    answer = FRESH;
    await serve({ origin_limit: { rules: [{ limit: 1, window_seconds: 3 }], wait_ms: 10_000 } });
    expect(await warm('/a')).toEqual(WARMED);
    const waits = warm('/b');
    live.follow(await wire({}));
    expect(await waits).toEqual(WARMED);
    expect(asked).toHaveLength(2);
  });
});
