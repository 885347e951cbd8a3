import type { ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AtOrigin, createCacheProcess } from '../../test/support/cache-process.ts';
import {
  createFetchParts,
  type FetchParts,
  KEYS,
  outcomeOf,
  type SimpleOrigin,
  serviceAt,
  startOrigin,
} from '../../test/support/cached-fetch.ts';
import { PLAIN_POLICY } from '../../test/support/exchange.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };

let origin: SimpleOrigin;
let other: SimpleOrigin;
let parts: FetchParts;
/** How the origin answers a target, if not with `answer N` for a minute. */
let answers: Record<string, (response: ServerResponse, content: string) => void>;

beforeEach(async () => {
  answers = {};
  origin = await startOrigin((request, response, content) => {
    const own = answers[request.url!];
    if (own !== undefined) return own(response, content);
    response.writeHead(200, FRESH).end(request.method === 'HEAD' ? '' : `answer ${origin.asked.length}`);
  });
  other = await startOrigin((_, response) => void response.end('other'));
  parts = createFetchParts([
    serviceAt(origin.url, { keyedMethods: ['QUERY'], maxKeyBodyBytes: 8, tags: ['all'] }),
  ]);
});
afterEach(async () => {
  await parts.settle();
  await Promise.all([origin.close(), other.close()]);
});

async function get(target: string, init?: RequestInit & { cache?: Request['cache'] }) {
  const response = await parts.fetch(origin.url + target, init);
  const text = await response.text();
  await parts.settle();
  return { response, text, by: outcomeOf(response), status: response.status };
}
const redirectTo =
  (location: string, status = 302) =>
  (response: ServerResponse) =>
    void response.writeHead(status, { ...FRESH, Location: location }).end('elsewhere');

describe('a request to a service', () => {
  it('is answered by what another has stored', async () => {
    expect(await get('/a')).toMatchObject({ text: 'answer 1', by: 'fwd=uri-miss' });
    const { response, text, by } = await get('/a#part');
    expect({ text, by }).toEqual({ text: 'answer 1', by: 'hit' });
    expect(response).toMatchObject({ url: `${origin.url}/a`, redirected: false, type: 'basic', ok: true });
    expect(response.headers.get('content-length')).toBe('8');
    expect(await (await parts.fetch(new URL(`${origin.url}/a`))).text()).toBe('answer 1');
    expect(await (await parts.fetch(new Request(`${origin.url}/a`))).text()).toBe('answer 1');
  });

  it('is answered with bytes of its own', async () => {
    await get('/a');
    const first = new Uint8Array(await (await parts.fetch(`${origin.url}/a`)).arrayBuffer());
    first.fill(0);
    expect((await get('/a')).text).toBe('answer 1');
  });

  it('is answered with a response whose copies know where they are from', async () => {
    const copy = (await parts.fetch(`${origin.url}/a`)).clone();
    expect(copy.url).toBe(`${origin.url}/a`);
    expect(await copy.clone().text()).toBe('answer 1');
  });

  it('has its fields sent on, forbidden ones too', async () => {
    await get('/a', { headers: { Cookie: 'a=b', Origin: 'http://x.test', 'X-Own': 'y' } });
    expect(origin.requests[0]!.headers).toMatchObject({
      cookie: 'a=b',
      origin: 'http://x.test',
      'x-own': 'y',
    });
  });

  it('with credentials is answered alone, unless its response says otherwise', async () => {
    const headers = { Authorization: 'Bearer a' };
    await get('/a', { headers });
    expect(await get('/a', { headers: { Authorization: 'Bearer b' } })).toMatchObject({ text: 'answer 2' });
    answers['/shared'] = (response) =>
      void response.writeHead(200, { 'Cache-Control': 'public, max-age=9' }).end('all');
    await get('/shared', { headers });
    expect(await get('/shared')).toMatchObject({ by: 'hit' });
  });

  it('selects by the fields that its response varies by, and by no coding', async () => {
    answers['/v'] = (response) =>
      void response
        .writeHead(200, { ...FRESH, Vary: 'X-Kind, Accept-Encoding' })
        .end(`v ${origin.asked.length}`);
    await get('/v', { headers: { 'X-Kind': 'a' } });
    await get('/v', { headers: { 'X-Kind': 'b' } });
    const headers = { 'X-Kind': 'a', 'Accept-Encoding': 'br' };
    expect(await get('/v', { headers })).toMatchObject({ text: 'v 1', by: 'hit' });
  });

  it('of HEAD is answered by what a GET has stored', async () => {
    expect(await get('/a', { method: 'HEAD' })).toMatchObject({ text: '', status: 200 });
    await get('/a');
    const { response, text, by } = await get('/a', { method: 'HEAD' });
    expect({ text, by, length: response.headers.get('content-length') }).toEqual({
      text: '',
      by: 'hit',
      length: '8',
    });
  });

  it('for a range is answered by a part of what is stored', async () => {
    await get('/a');
    const part = await get('/a', { headers: { Range: 'bytes=0-2' } });
    expect(part).toMatchObject({ status: 206, text: 'ans', by: 'hit' });
    expect(part.response.headers.get('content-range')).toBe('bytes 0-2/8');
    expect(await get('/a', { headers: { Range: 'bytes=9-' } })).toMatchObject({ status: 416 });
  });

  it('with a condition is answered from the store too', async () => {
    answers['/e'] = (response) => void response.writeHead(200, { ...FRESH, ETag: '"e"' }).end('e');
    await get('/e');
    expect(await get('/e', { headers: { 'If-None-Match': '"e"' } })).toMatchObject({
      status: 304,
      by: 'hit',
    });
  });

  it('of an unsafe method takes its content there, and what is stored is no longer', async () => {
    await get('/a');
    expect(await get('/a', { method: 'POST', body: 'new' })).toMatchObject({ by: 'fwd=method' });
    expect(origin.requests[1]!.headers).toMatchObject({
      'content-length': '3',
      'content-type': 'text/plain;charset=UTF-8',
    });
    expect(await get('/a')).toMatchObject({ text: 'answer 3' });
    const made = new Request(`${origin.url}/a`, { method: 'PUT', body: 'more' });
    await parts.fetch(made);
    expect(made.bodyUsed).toBe(true);
    expect(origin.requests[3]!.headers['content-length']).toBe('4');
    expect(origin.asked.slice(1)).toEqual(['POST /a <new>', 'GET /a', 'PUT /a <more>']);
  });

  it('takes a form and a stream there', async () => {
    const form = new FormData();
    form.set('name', 'value');
    await get('/form', { method: 'POST', body: form });
    const boundary = /boundary=(.+)/.exec(origin.requests[0]!.headers['content-type']!)![1]!;
    expect(origin.asked[0]).toContain(`--${boundary}\r\n`);
    await get('/stream', { method: 'PUT', body: new Blob(['streamed']).stream(), duplex: 'half' });
    expect(origin.asked[1]).toBe('PUT /stream <streamed>');
  });

  it('of a keyed method is answered by its content', async () => {
    const query = (body: string) => get('/q', { method: 'QUERY', body });
    expect(await query('one')).toMatchObject({ text: 'answer 1' });
    expect(await query('two')).toMatchObject({ text: 'answer 2' });
    expect(await query('one')).toMatchObject({ text: 'answer 1', by: 'hit' });
    expect(await query('too long for a key')).toMatchObject({ text: 'answer 3', by: 'fwd=bypass' });
    expect(origin.asked).toEqual(['QUERY /q <one>', 'QUERY /q <two>', 'QUERY /q <too long for a key>']);
    await get('/q', { method: 'DELETE' });
    expect(await query('one')).toMatchObject({ text: 'answer 5' });
  });

  it('is answered with what no Response can be made of', async () => {
    answers['/odd'] = (response) => void response.writeHead(999).end('odd');
    const { response, text } = await get('/odd');
    expect({ status: response.status, ok: response.ok, text }).toEqual({
      status: 999,
      ok: false,
      text: 'odd',
    });
    answers['/none'] = (response) => void response.writeHead(204, FRESH).end();
    expect((await get('/none')).response.body).toBeNull();
  });

  it('can be found by the tags of its service', async () => {
    await get('/a');
    expect(await parts.store.dropTagged([KEYS.tag('all')])).toBe(1);
    expect(await get('/a')).toMatchObject({ text: 'answer 2' });
  });
});

describe('any other request', () => {
  it('goes straight on', async () => {
    const response = await parts.fetch(`${other.url}/a`);
    expect([await response.text(), response.headers.get('cache-status')]).toEqual(['other', null]);
    await expect(parts.fetch('no URL')).rejects.toThrow(TypeError);
  });

  it('is one for certain bytes, or for another host than it says', async () => {
    await get('/a');
    const integrity = 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
    await expect(get('/a', { integrity })).rejects.toThrow(TypeError);
    expect(await get('/a', { headers: { Host: 'tenant.test' } })).toMatchObject({
      by: 'none',
      text: 'answer 3',
    });
  });
});

describe('a content that is coded', () => {
  it.each([
    ['gzip', gzipSync('plain text')],
    ['br', brotliCompressSync('plain text')],
  ])('as %s is stored as it is decoded', async (coding, coded) => {
    answers['/c'] = (response) => {
      const fields = { ...FRESH, 'Content-Encoding': coding, 'Content-Length': coded.length, ETag: '"c"' };
      response.writeHead(200, fields).end(coded);
    };
    for (const by of ['fwd=uri-miss', 'hit']) {
      const { response, ...rest } = await get('/c');
      expect(rest).toMatchObject({ text: 'plain text', by });
      expect([...response.headers.keys()]).not.toContain('content-encoding');
      expect(response.headers.get('etag')).toBe('W/"c"');
    }
    expect((await get('/c', { method: 'HEAD' })).by).toBe('hit');
  });

  it('is validated by the tag of what was coded', async () => {
    answers['/c'] = (response) => {
      const isKnown = response.req.headers['if-none-match'] === 'W/"c"';
      const fields = { 'Cache-Control': 'max-age=60', ETag: '"c"' };
      if (isKnown) return void response.writeHead(304, fields).end();
      response.writeHead(200, { ...fields, 'Content-Encoding': 'gzip' }).end(gzipSync('plain text'));
    };
    await get('/c');
    const { response, text } = await get('/c', { cache: 'no-cache' });
    expect(text).toBe('plain text');
    expect(response.headers.get('cache-status')).toContain('fwd=request; fwd-status=304; stored');
    expect(origin.asked).toHaveLength(2);
  });

  it('is decoded where a gateway has stored it as it came', async () => {
    const asked: AtOrigin[] = [];
    const gateway = createCacheProcess('gateway', parts.store, asked);
    const asking = gateway.ask({ target: '/c' });
    await vi.waitUntil(() => asked.length === 1);
    asked[0]!.answer(
      { ...FRESH, 'Content-Encoding': 'br, gzip', ETag: '"c"' },
      gzipSync(brotliCompressSync('plain')),
    );
    await asking;
    await gateway.settle();
    const { response, text, by } = await get('/c');
    expect({ text, by, etag: response.headers.get('etag') }).toEqual({
      text: 'plain',
      by: 'hit',
      etag: 'W/"c"',
    });
    expect(response.headers.get('content-length')).toBeNull();
    expect(origin.asked).toEqual([]);
    // Of a part nothing can be decoded, so that it stays what it says.
    const part = await get('/c', { headers: { Range: 'bytes=0-3' } });
    expect(part.status).toBe(206);
    expect(part.response.headers.get('content-encoding')).toBe('br, gzip');
  });
});

describe('a cache mode', () => {
  beforeEach(() => get('/a'));

  it('no-store passes the cache by', async () => {
    expect(await get('/a', { cache: 'no-store' })).toMatchObject({ text: 'answer 2', by: 'fwd=bypass' });
    expect(await get('/a')).toMatchObject({ text: 'answer 1' });
    await get('/a', { cache: 'no-store', method: 'DELETE' });
    expect(await get('/a')).toMatchObject({ text: 'answer 4' });
  });

  it('reload takes nothing of the cache, and stores', async () => {
    answers['/e'] = (response) =>
      void response.writeHead(200, { ...FRESH, ETag: '"e"' }).end(`${origin.asked.length}`);
    await get('/e');
    await get('/e', { cache: 'reload' });
    expect(origin.requests.at(-1)!.headers['if-none-match']).toBeUndefined();
    expect(await get('/e')).toMatchObject({ text: '3', by: 'hit' });
  });

  it('no-cache validates', async () => {
    expect(await get('/a', { cache: 'no-cache' })).toMatchObject({ text: 'answer 2', by: 'fwd=request' });
  });

  it('force-cache takes what is stale', async () => {
    answers['/s'] = (response) =>
      void response.writeHead(200, { 'Cache-Control': 'max-age=0', ETag: '"s"' }).end('s');
    await get('/s');
    expect(await get('/s', { cache: 'force-cache' })).toMatchObject({ by: 'hit' });
    expect((await get('/s')).by).toBe('fwd=stale');
    expect(await get('/new', { cache: 'force-cache' })).toMatchObject({ by: 'fwd=uri-miss' });
  });

  it('only-if-cached asks nobody', async () => {
    const only = { cache: 'only-if-cached', mode: 'same-origin' } as const;
    expect(await get('/a', only)).toMatchObject({ text: 'answer 1', by: 'hit' });
    await expect(get('/new', only)).rejects.toThrow(TypeError);
    const byField = await get('/new', { headers: { 'Cache-Control': 'only-if-cached' } });
    expect(byField).toMatchObject({ status: 504, by: 'detail=only-if-cached' });
    expect(origin.asked).toHaveLength(1);
  });
});

describe('a redirect', () => {
  it('is followed, each step through the cache', async () => {
    answers['/from'] = redirectTo('/to');
    for (const by of ['fwd=uri-miss', 'hit']) {
      const found = await get('/from');
      expect(found).toMatchObject({ text: 'answer 2', by });
      expect(found.response).toMatchObject({ url: `${origin.url}/to`, redirected: true });
    }
    expect(origin.asked).toEqual(['GET /from', 'GET /to']);
  });

  it('takes what was sent along, or not', async () => {
    answers['/keep'] = redirectTo('/to', 307);
    answers['/drop'] = redirectTo('/to', 303);
    await get('/keep', { method: 'PUT', body: 'content' });
    await get('/drop', { method: 'PUT', body: 'content' });
    expect(origin.asked).toEqual([
      'PUT /keep <content>',
      'PUT /to <content>',
      'PUT /drop <content>',
      'GET /to',
    ]);
  });

  it('leads away, without credentials', async () => {
    answers['/away'] = redirectTo(`${other.url}/x`);
    const { response, text } = await get('/away', { headers: { Authorization: 'a', 'X-Own': 'b' } });
    expect({ text, url: response.url, redirected: response.redirected }).toEqual({
      ...{ text: 'other', url: `${other.url}/x`, redirected: true },
    });
    expect(other.requests[0]!.headers.authorization).toBeUndefined();
    expect(other.requests[0]!.headers['x-own']).toBe('b');
  });

  it('is an answer or an error where that was asked for', async () => {
    answers['/from'] = redirectTo('/to');
    const { response } = await get('/from', { redirect: 'manual' });
    expect([response.status, response.headers.get('location'), response.redirected]).toEqual([
      302,
      '/to',
      false,
    ]);
    await expect(get('/from', { redirect: 'error' })).rejects.toThrow(TypeError);
  });

  it('is followed 20 times', async () => {
    for (let i = 0; i < 22; i++) answers[`/${i}`] = redirectTo(`/${i + 1}`);
    expect(await get('/2')).toMatchObject({ text: 'answer 21' });
    await expect(get('/1')).rejects.toMatchObject({ cause: { code: 'ERR_ORIGIN_PROTOCOL' } });
  });

  it('to nowhere is an error, and one without a place an answer', async () => {
    answers['/nowhere'] = redirectTo('ftp://x.test/');
    answers['/none'] = (response) => void response.writeHead(302, FRESH).end('none');
    await expect(get('/nowhere')).rejects.toMatchObject({ cause: { code: 'ERR_ORIGIN_PROTOCOL' } });
    expect(await get('/none')).toMatchObject({ status: 302, text: 'none' });
  });
});

describe('an origin that fails', () => {
  it('is an error as of fetch, with the reason as its cause', async () => {
    answers['/fail'] = (response) => void response.socket!.destroy();
    const error = await get('/fail').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: 'fetch failed', cause: { code: 'ERR_ORIGIN_PROTOCOL' } });
    expect(parts.failures).toMatchObject([{ code: 'ERR_ORIGIN_PROTOCOL' }]);
  });

  it('in its content is an error of the content', async () => {
    answers['/fail'] = (response) => {
      response.writeHead(200, { 'Content-Length': '9' }).write('ha', () => response.socket!.destroy());
    };
    const response = await parts.fetch(`${origin.url}/fail`);
    await expect(response.text()).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: 'ERR_ORIGIN_PROTOCOL' },
    });
  });

  it('has what is stale in its place where that may be', async () => {
    const stale = { 'Cache-Control': 'max-age=0, stale-if-error=60', ETag: '"s"' };
    answers['/s'] = (response) => void response.writeHead(200, stale).end('before');
    await get('/s');
    answers['/s'] = (response) => void response.writeHead(503).end('away');
    expect(await get('/s')).toMatchObject({ status: 200, text: 'before', by: 'fwd=stale' });
    answers['/s'] = (response) => void response.socket!.destroy();
    expect(await get('/s')).toMatchObject({ status: 200, text: 'before', by: 'fwd=stale' });
  });

  it('and asks for a pause has it', async () => {
    parts = createFetchParts([serviceAt(origin.url, { retryAfterLimitMs: 60_000 })]);
    answers['/busy'] = (response) => void response.writeHead(429, { 'Retry-After': '30' }).end('busy');
    await get('/busy');
    const held = await get('/busy');
    expect(held).toMatchObject({ status: 429, by: 'detail=retry-after' });
    expect(Number(held.response.headers.get('retry-after'))).toBeGreaterThan(20);
    expect(JSON.parse(held.text)).toEqual({ error: 'The origin asks for a pause' });
    expect(await get('/a')).toMatchObject({ status: 200 });
  });
});

describe('a policy', () => {
  it('is the service’s', async () => {
    const policy = { ...PLAIN_POLICY, ttlSeconds: 60 };
    parts = createFetchParts([serviceAt(origin.url, { policy, maxBodyBytes: 5 })]);
    answers['/short'] = (response) => void response.end('short');
    answers['/longer'] = (response) => void response.end('longer');
    await get('/short');
    await get('/longer');
    expect([(await get('/short')).by, (await get('/longer')).by]).toEqual(['hit', 'fwd=uri-miss']);
  });
});
