import { gzipSync } from 'node:zlib';
import got from 'got';
import { Agent, type Dispatcher, interceptors, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFetchParts, type SimpleOrigin, serviceAt, startOrigin } from '../support/cached-fetch.ts';
import { PLAIN_POLICY } from '../support/exchange.ts';
import { createInterceptedParts, type InterceptedParts } from '../support/intercepted.ts';
import { CHUNKED, chunk, OK, startRawOrigin } from '../support/raw-origin.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };
const byOf = (headers: Dispatcher.ResponseData['headers']) =>
  String(headers['cache-status']).split(';')[1]!.trim();

describe('what is not everyone’s', () => {
  let origin: SimpleOrigin;
  let parts: InterceptedParts;
  const agents: Dispatcher[] = [];
  beforeEach(async () => {
    origin = await startOrigin(({ url }, response) => {
      if (url === '/me') response.writeHead(302, { Location: '/user/1', 'Cache-Control': 'no-store' }).end();
      else response.writeHead(200, { ...FRESH, 'Content-Type': 'application/json' }).end(`{"by":"${url}"}`);
    });
    parts = createInterceptedParts([serviceAt(origin.url)]);
  });
  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
    await parts.settle();
    await origin.close();
  });
  const composed = (...given: Parameters<Agent['compose']>): Dispatcher => {
    const agent = new Agent().compose(...given);
    agents.push(agent);
    return agent;
  };
  const get = async (path: string, agent: Dispatcher) => {
    const { headers, body } = await agent.request({ origin: origin.url, path, method: 'GET' });
    const content = await body.text();
    await parts.settle();
    return [content, byOf(headers)];
  };
  const USER = '{"by":"/user/1"}';

  it('is not found by a path that undici refuses', async () => {
    const policy = { ...PLAIN_POLICY, private: true };
    const own = createInterceptedParts([serviceAt(origin.url, { policy })], parts.store);
    expect(await get('/mine', composed(own.interceptor))).toEqual(['{"by":"/mine"}', 'fwd=uri-miss']);
    await own.settle();
    await expect(get('/mine  private', composed(parts.interceptor))).rejects.toThrow('invalid request path');
  });

  it('is not stored where a redirect was followed beneath', async () => {
    const redirect = interceptors.redirect({ maxRedirections: 3 });
    for (const beneath of [[redirect], [redirect, interceptors.retry()]]) {
      const agent = composed(...beneath, parts.interceptor);
      for (let i = 0; i < 2; i++) expect(await get('/me', agent)).toEqual([USER, 'fwd=uri-miss']);
    }
    const agent = composed(redirect, parts.interceptor);
    expect(await get('/user/1', agent)).toEqual([USER, 'fwd=uri-miss']);
    expect(await get('/user/1', agent)).toEqual([USER, 'hit']);
    expect(await get('/me', composed(parts.interceptor, redirect))).toEqual([USER, 'hit']);
  });
});

describe('a content that is cut', () => {
  const coded = gzipSync('hello '.repeat(100));
  const fields = 'Cache-Control: max-age=60\r\nContent-Type: application/json\r\n';
  const head = (more: string) => `${OK}${fields}${more}\r\n`;
  it.each<[string, string | Buffer, string]>([
    ['in its chunks', CHUNKED.replace(OK, OK + fields), chunk('{"a":1}')],
    ['before its length', head('Content-Length: 10\r\n'), '{"a":1}'],
    ['in its coding', head(`Content-Encoding: gzip\r\nContent-Length: ${coded.length}\r\n`), ''],
  ])('%s fails for who asks, each time', async (_, begin, rest) => {
    const raw = await startRawOrigin((socket) => {
      socket.write(begin);
      socket.end(rest === '' ? coded.subarray(0, -12) : rest);
    });
    const service = serviceAt(raw.url.href);
    const [undici, native] = [createInterceptedParts([service]), createInterceptedParts([service])];
    const fetching = createFetchParts([service]);
    const dispatcher = new Agent().compose(undici.interceptor);
    const byGot = got.extend({ request: native.request as never, retry: { limit: 0 } });
    for (let i = 0; i < 2; i++) {
      await expect(request(raw.url, { dispatcher }).then(({ body }) => body.text())).rejects.toThrow();
      await expect(fetching.fetch(raw.url).then((response) => response.text())).rejects.toThrow();
      // As without a cache; what stands between got and the content listens for nothing else.
      await expect(byGot(raw.url)).rejects.toThrow('The server aborted pending request');
      await Promise.all([undici, native, fetching].map((parts) => parts.settle()));
    }
    expect(raw.asked).toHaveLength(6);
    await dispatcher.destroy();
    await raw.close();
  });
});
