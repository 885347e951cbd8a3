import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';

type CacheSettings = Parameters<typeof withCache>[0];

let proxy: RunningProxy;
afterEach(() => proxy.close());

const withMode = (mode: Config['mode']) => (config: Config) => ({ ...config, mode });

function answering(fields: Record<string, string>, status = 200): RequestListener {
  return (_request, response) => response.writeHead(status, fields).end('x');
}

/** How often the origin is asked for what is asked for twice. */
async function asksFor(fields: Record<string, string>, cache: CacheSettings, status = 200): Promise<number> {
  proxy = await startProxy(answering(fields, status), withCache(cache));
  for (let i = 0; i < 2; i++) await (await proxy.get('/')).text();
  return proxy.asked.length;
}

describe('mode', () => {
  const fields = { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'a=1' };

  it('safe keeps a response with Set-Cookie to the client that asked', async () => {
    proxy = await startProxy(answering(fields));
    for (let i = 0; i < 2; i++) expect((await proxy.get('/')).headers.get('set-cookie')).toBe('a=1');
    expect(proxy.asked).toHaveLength(2);
  });

  it('rfc stores it, and sends its cookie to everyone', async () => {
    proxy = await startProxy(answering(fields), withMode('rfc'));
    for (let i = 0; i < 2; i++) expect((await proxy.get('/')).headers.get('set-cookie')).toBe('a=1');
    expect(proxy.asked).toHaveLength(1);
  });
});

describe('a response in an unknown transfer coding', () => {
  it.each<[Config['mode'], number]>([
    ['safe', 502],
    ['rfc', 200],
  ])('is in %s a %i', async (mode, status) => {
    proxy = await startProxy((request) => {
      request.socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: own, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n');
    }, withMode(mode));
    expect((await proxy.get('/')).status).toBe(status);
  });
});

describe('cache.heuristic', () => {
  const fields = { 'Last-Modified': new Date(Date.now() - 86_400_000).toUTCString() };

  it.each([
    [true, 1],
    [false, 2],
  ])('%s: the origin is asked %i times', async (heuristic, times) => {
    expect(await asksFor(fields, { heuristic })).toBe(times);
  });
});

describe('cache.targeted_headers', () => {
  const fields = { 'Cache-Control': 'no-store', 'Own-Cache-Control': 'max-age=60' };

  it.each([
    [['Own-Cache-Control'], 1],
    [['CDN-Cache-Control', 'Own-Cache-Control'], 1],
    [['CDN-Cache-Control'], 2],
    [[], 2],
  ])('%j: the origin is asked %i times', async (targeted_headers, times) => {
    expect(await asksFor(fields, { targeted_headers })).toBe(times);
  });

  it.each<[string, (config: Config) => Config, string | undefined]>([
    ['the default', (config) => config, 'cachegate="Surrogate/1.0"'],
    ['a list without Surrogate-Control', withCache({ targeted_headers: ['CDN-Cache-Control'] }), undefined],
    ['caching that is off', withoutCache, undefined],
    ['a gate without a store', (config) => ({ ...config, store: 'none:' }), undefined],
  ])('%s tells origins of Surrogate-Control only if it is obeyed', async (_name, change, expected) => {
    let told: unknown = 'nothing';
    proxy = await startProxy((request, response) => {
      told = request.headers['surrogate-capability'];
      response.end();
    }, change);
    await proxy.get('/');
    expect(told).toBe(expected);
  });
});

function withoutCache(config: Config): Config {
  return { ...config, services: { default: { ...config.services.default!, cache: 'off' } } };
}

describe('cache.key', () => {
  const fresh = answering({ 'Cache-Control': 'max-age=60' });

  it('takes for the same what differs only in what it ignores, and shows the origin none of it', async () => {
    const key = { sort_query: true, ignore_query: ['utm_*', 'é'], lower_case_path: true };
    proxy = await startProxy(fresh, withCache({ key }));
    for (const target of ['/A?b=2&utm_source=x&a=1', '/a?a=1&b=2', '/a?%C3%A9=1&b=2&a=1']) {
      await (await proxy.get(target)).text();
    }
    expect(proxy.asked).toEqual(['GET /a?a=1&b=2']);
  });

  it('by default ignores nothing', async () => {
    proxy = await startProxy(fresh);
    for (const target of ['/A', '/a', '/a?a&b', '/a?b&a']) await (await proxy.get(target)).text();
    expect(proxy.asked).toEqual(['GET /A', 'GET /a', 'GET /a?a&b', 'GET /a?b&a']);
  });
});

describe('cache.methods', () => {
  async function posts(cache: CacheSettings, contents: readonly string[]): Promise<number> {
    proxy = await startProxy(answering({ 'Cache-Control': 'max-age=60' }), withCache(cache));
    for (const body of contents) await (await fetch(proxy.url, { method: 'POST', body })).text();
    return proxy.asked.length;
  }

  it('stores by content where it lists the method', async () => {
    expect(await posts({ methods: ['POST'] }, ['one', 'one', 'two'])).toBe(2);
  });

  it('stores nothing else', async () => {
    expect(await posts({ methods: ['QUERY'] }, ['one', 'one'])).toBe(2);
  });

  it('passes on what has more content than cache.max_key_body_bytes', async () => {
    expect(await posts({ methods: ['POST'], max_key_body_bytes: 2 }, ['one', 'one', 'on', 'on'])).toBe(3);
  });
});

describe('cache.stale_if_disconnected_seconds', () => {
  it.each([
    [60, 200],
    [0, 502],
  ])('%i: a stale response of an origin that breaks off is a %i', async (seconds, status) => {
    let asked = 0;
    proxy = await startProxy(
      (_request, response) => {
        asked += 1;
        if (asked > 1) response.destroy();
        else response.writeHead(200, { 'Cache-Control': 'max-age=0', ETag: '"a"' }).end('x');
      },
      withCache({ stale_if_disconnected_seconds: seconds }),
    );
    await (await proxy.get('/')).text();
    expect((await proxy.get('/')).status).toBe(status);
  });
});

describe('cache.retry_after_limit_seconds', () => {
  it.each([
    [300, 1],
    [0, 2],
  ])('%i: an origin that asks for a pause is asked %i times', async (retry_after_limit_seconds, times) => {
    expect(await asksFor({ 'Retry-After': '100' }, { retry_after_limit_seconds }, 503)).toBe(times);
  });
});
