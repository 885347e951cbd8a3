import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import got, { type Got, type OptionsOfTextResponseBody } from 'got';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SimpleOrigin, serviceAt, startOrigin } from '../support/cached-fetch.ts';
import { createInterceptedParts, type InterceptedParts } from '../support/intercepted.ts';
import { PATIENT } from '../support/ranged-origin.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };

let origin: SimpleOrigin;
let parts: InterceptedParts;
let api: Got;
/** How the origin answers a target, if not with `answer N` for a minute. */
let answers: Record<string, (response: ServerResponse, request: IncomingMessage, content: string) => void>;

beforeEach(async () => {
  answers = {};
  origin = await startOrigin((asked, response, content) => {
    const own = answers[asked.url!];
    if (own !== undefined) return own(response, asked, content);
    response.writeHead(200, FRESH).end(asked.method === 'HEAD' ? '' : `answer ${origin.asked.length}`);
  });
  parts = createInterceptedParts([serviceAt(origin.url, { keyedMethods: ['QUERY'], maxKeyBodyBytes: 8 })]);
  api = got.extend({ prefixUrl: origin.url, request: parts.request, retry: { limit: 0 } });
});
afterEach(async () => {
  await parts.settle();
  await origin.close();
});

async function get(target: string, options: OptionsOfTextResponseBody = {}) {
  const { statusCode: status, body, isFromCache, headers } = await api(target, options);
  await parts.settle();
  return { status, body, isFromCache, by: String(headers['cache-status']).split(';')[1]?.trim() };
}

describe('got through the cache', () => {
  it('is answered by what another has stored', async () => {
    expect(await get('a')).toEqual({ status: 200, body: 'answer 1', isFromCache: false, by: 'fwd=uri-miss' });
    expect(await get('a')).toEqual({ status: 200, body: 'answer 1', isFromCache: true, by: 'hit' });
    expect(await text(api.stream('a'))).toBe('answer 1');
    expect(origin.asked).toEqual(['GET /a']);
  });

  it('has its variants decoded, and read as JSON', async () => {
    answers['/coded'] = (response) => {
      response.writeHead(200, { ...FRESH, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
      response.end(gzipSync('{"plain":true}'));
    };
    for (const isFromCache of [false, true]) {
      const response = await api('coded', { responseType: 'json' });
      expect(response).toMatchObject({ body: { plain: true }, isFromCache });
      await parts.settle();
    }
  });

  it('follows redirects, each of which is stored', async () => {
    answers['/moved'] = (response) => void response.writeHead(301, { ...FRESH, Location: '/a' }).end();
    for (let i = 0; i < 2; i++) expect(await get('moved')).toMatchObject({ body: 'answer 2' });
    expect(origin.asked).toEqual(['GET /moved', 'GET /a']);
  });

  it('gives fields, status text and errors as ever', async () => {
    answers['/none'] = (response) =>
      void response
        .writeHead(404, 'No Such', { 'Set-Cookie': ['a=1', 'b=2'], 'X-Two': ['1', '2'] })
        .end('none');
    const error = await api('none').then(
      () => null,
      (failed) => failed,
    );
    expect(error).toMatchObject({ name: 'HTTPError', response: { statusMessage: 'No Such', body: 'none' } });
    expect(error.response.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-two': '1, 2' });
  });

  it('is validated when what is stored is stale, and HEAD has no content', async () => {
    let validated = 0;
    answers['/stale'] = (response, { headers }) => {
      const isSame = headers['if-none-match'] === '"1"';
      if (isSame) validated += 1;
      response.writeHead(isSame ? 304 : 200, { 'Cache-Control': 'max-age=0', ETag: '"1"' });
      response.end(isSame ? '' : 'one');
    };
    await get('stale');
    expect(await get('stale')).toMatchObject({ status: 200, body: 'one', by: 'fwd=stale' });
    expect(validated).toBe(1);
    await get('a');
    expect(await get('a', { method: 'HEAD' })).toMatchObject({ body: '', isFromCache: true });
  });

  it('sends content, and what it answers drops what is stored', async () => {
    answers['/echo'] = (response, { method }, content) =>
      void response.writeHead(200, FRESH).end(method === 'GET' ? `version ${origin.asked.length}` : content);
    expect(await get('echo')).toMatchObject({ body: 'version 1' });
    expect(await get('echo', { method: 'POST', json: { a: 1 } })).toMatchObject({
      body: '{"a":1}',
      by: 'fwd=method',
    });
    const long = 'x'.repeat(300_000);
    expect(await get('echo', { method: 'PUT', body: Readable.from([long]) })).toMatchObject({ body: long });
    const stream = api.stream.post('echo');
    const taken = new PassThrough();
    const reading = text(taken);
    await pipeline(Readable.from(['piped']), stream, taken);
    expect(await reading).toBe('piped');
    expect(await get('echo')).toMatchObject({ body: 'version 5', by: 'fwd=uri-miss' });
  });

  it('is keyed by its content where its service says so', async () => {
    const ask = (body: string) => get('search', { method: 'QUERY' as 'GET', body });
    expect(await ask('a')).toMatchObject({ body: 'answer 1' });
    expect(await ask('a')).toMatchObject({ body: 'answer 1', isFromCache: true });
    expect(await ask('123456789')).toMatchObject({ by: 'fwd=bypass' });
    expect(origin.asked).toEqual(['QUERY /search <a>', 'QUERY /search <123456789>']);
  });

  it('asks the origin once for many at once', async () => {
    let open = () => {};
    const may = new Promise<void>((resolve) => {
      open = resolve;
    });
    answers['/cold'] = (response) => void may.then(() => response.writeHead(200, FRESH).end('one for all'));
    const asking = Array.from({ length: 50 }, () => api('cold').text());
    await expect.poll(() => origin.asked.length, PATIENT).toBe(1);
    open();
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['one for all']));
    expect(origin.asked).toEqual(['GET /cold']);
  });

  it('asks by itself for what no service is asked for', async () => {
    const other = await startOrigin((_, response) => void response.writeHead(200, FRESH).end('other'));
    const { body, headers } = await api(other.url, { prefixUrl: '' });
    expect([body, headers['cache-status']]).toEqual(['other', undefined]);
    await other.close();
  });
});

describe("got's own", () => {
  it('timeouts hold', async () => {
    answers['/never'] = () => {};
    for (const timeout of [{ request: 50 }, { response: 50 }, { socket: 50 }]) {
      await expect(get('never', { timeout })).rejects.toMatchObject({
        name: 'TimeoutError',
        code: 'ETIMEDOUT',
      });
    }
    answers['/stuck'] = (response) =>
      void response.writeHead(200, { ...FRESH, 'Content-Length': 9 }).write('some');
    await expect(get('stuck', { timeout: { request: 100 } })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('retries are made', async () => {
    answers['/shaky'] = (response, { socket }) => {
      if (origin.asked.length < 3) socket.destroy();
      else response.writeHead(200, FRESH).end('steady');
    };
    const retry = {
      limit: 3,
      calculateDelay: ({ attemptCount }: { attemptCount: number }) => (attemptCount > 3 ? 0 : 1),
    };
    expect(await get('shaky', { retry })).toMatchObject({ body: 'steady' });
    expect(origin.asked).toHaveLength(3);
  });

  it('cancellation lets go of the origin', async () => {
    let left: Promise<unknown> = Promise.resolve();
    answers['/never'] = (response) => {
      left = once(response, 'close');
    };
    const controller = new AbortController();
    const asking = api('never', { signal: controller.signal });
    await expect.poll(() => origin.asked.length, PATIENT).toBe(1);
    controller.abort();
    await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
    await left;
  });

  it('errors are those of the connection', async () => {
    answers['/cut'] = (response, { socket }) => {
      response.writeHead(200, { ...FRESH, 'Content-Length': 9 }).write('some');
      setImmediate(() => socket.destroy());
    };
    await expect(get('cut')).rejects.toMatchObject({ name: 'ReadError', code: 'ECONNRESET' });
    await parts.settle();
    await origin.close();
    await expect(get('a')).rejects.toMatchObject({ name: 'RequestError', code: 'ECONNREFUSED' });
    origin = await startOrigin(() => {});
  });
});
