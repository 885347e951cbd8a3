import { gunzipSync, gzipSync } from 'node:zlib';
import { request as rawRequest } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { Transform } from '../../src/gateway/transform.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { ALPHABET, ask, createRangedOrigin, PATIENT, type RangedOrigin } from '../support/ranged-origin.ts';

// Ranges of what is stored whole (RFC 9110 §14, §15.3.7): nothing is asked of the origin for them.

let proxy: RunningProxy;
afterEach(() => proxy.close());

const LAST_MODIFIED = 'Sat, 01 Jan 2022 00:00:00 GMT';
const FRESH = { 'Cache-Control': 'max-age=60', ETag: '"v1"', 'Last-Modified': LAST_MODIFIED };
const STALE = { ...FRESH, Age: '100' };

async function start(fields: Record<string, string> = FRESH): Promise<RangedOrigin> {
  const origin = createRangedOrigin(fields);
  proxy = await startProxy(origin.listener);
  await ask(proxy.url);
  const anyAge = { 'Cache-Control': 'only-if-cached, max-stale' };
  await expect.poll(async () => (await ask(proxy.url, anyAge)).status, PATIENT).toBe(200);
  return origin;
}

const inRange = (range: string, other: Record<string, string> = {}) =>
  ask(proxy.url, { Range: range, ...other });
const hit = { by: 'hit' };
const whole = { status: 200, body: ALPHABET, length: '26', range: undefined };

describe('a range of a stored response', () => {
  it.each([
    ['bytes=0-4', 'abcde', 'bytes 0-4/26'],
    ['bytes=5-', ALPHABET.slice(5), 'bytes 5-25/26'],
    ['bytes=-3', 'xyz', 'bytes 23-25/26'],
    ['bytes=-100', ALPHABET, 'bytes 0-25/26'],
    ['bytes=20-100', 'uvwxyz', 'bytes 20-25/26'],
    ['bytes=25-25', 'z', 'bytes 25-25/26'],
    ['bytes=2-3,4-6', 'cdefg', 'bytes 2-6/26'],
    ['bytes=2-9, 4-6', 'cdefghij', 'bytes 2-9/26'],
  ])('%s is a 206 with exactly its bytes', async (range, body, contentRange) => {
    const origin = await start();
    const length = String(body.length);
    expect(await inRange(range)).toMatchObject({ status: 206, body, range: contentRange, length, ...hit });
    expect(origin.ranges).toEqual(['all']);
  });

  it.each(['bytes=26-', 'bytes=99-100', 'bytes=-0', 'bytes=30-,40-50'])(
    '%s is a 416 that tells the length (§15.5.17)',
    async (range) => {
      const origin = await start();
      expect(await inRange(range)).toMatchObject({ status: 416, body: '', range: 'bytes */26', ...hit });
      // And it changes nothing for others.
      expect(await ask(proxy.url)).toMatchObject({ ...whole, ...hit });
      expect(origin.ranges).toEqual(['all']);
    },
  );

  it.each(['bytes=5-2', 'lines=0-1', 'bytes=', 'bytes', 'bytes=0-1,5-6', 'bytes=a-b', 'bytes=1-2-3'])(
    '%s is ignored, since the whole is a right answer too (§14.2)',
    async (range) => {
      const origin = await start();
      expect(await inRange(range)).toMatchObject({ ...whole, ...hit });
      expect(origin.ranges).toEqual(['all']);
    },
  );

  it('needs no whole for a stored empty one', async () => {
    proxy = await startProxy((_request, response) => response.writeHead(200, FRESH).end());
    for (const range of ['bytes=0-', 'bytes=-5']) {
      expect(await inRange(range)).toMatchObject({ status: 200, body: '', range: undefined });
    }
  });
});

describe('If-Range (§13.1.5)', () => {
  it.each([
    ['"v1"', 206],
    [LAST_MODIFIED, 206],
    ['"v2"', 200],
    ['W/"v1"', 200],
    ['Sat, 01 Jan 2022 00:00:01 GMT', 200],
    ['Sat, 01 Jan 2000 00:00:00 GMT', 200],
    ['*', 200],
    ['nonsense', 200],
  ])('%s: a %i from the store', async (condition, status) => {
    const origin = await start();
    expect(await inRange('bytes=0-1', { 'If-Range': condition })).toMatchObject({
      ...(status === 200 ? whole : { status: 206, body: 'ab' }),
      ...hit,
    });
    expect(origin.ranges).toEqual(['all']);
  });
});

describe('other preconditions come first (§13.2.2)', () => {
  it.each([
    [{ 'If-None-Match': '"v1"' }, 304],
    [{ 'If-None-Match': '"v2"' }, 206],
    [{ 'If-Modified-Since': LAST_MODIFIED }, 304],
    [{ 'If-Modified-Since': 'Sat, 01 Jan 2000 00:00:00 GMT' }, 206],
    [{ 'If-None-Match': '"v2"', 'If-Modified-Since': LAST_MODIFIED }, 206],
    [{ 'If-None-Match': '"v1"', 'If-Range': '"v2"' }, 304],
  ] as [Record<string, string>, number][])('%j: %i', async (conditions, status) => {
    await start();
    const answer = await inRange('bytes=0-1', conditions);
    expect(answer).toMatchObject({ status, body: status === 304 ? '' : 'ab', ...hit });
    if (status === 304) expect([answer.range, answer.length]).toEqual([undefined, undefined]);
  });
});

describe('a range counts', () => {
  it('for GET only (§14.2): HEAD tells of the whole', async () => {
    await start();
    const answer = await ask(proxy.url, { Range: 'bytes=0-1' }, 'HEAD');
    expect(answer).toMatchObject({ status: 200, body: '', length: '26', range: undefined, ...hit });
  });

  it('for a 200 only: a stored 404 is one as a whole', async () => {
    proxy = await startProxy((_request, response) => response.writeHead(404, FRESH).end('gone'));
    await ask(proxy.url);
    await expect.poll(async () => (await ask(proxy.url)).by, PATIENT).toBe('hit');
    expect(await inRange('bytes=0-1')).toMatchObject({ status: 404, body: 'gone', range: undefined, ...hit });
  });

  it('in the coded content, whose coding it tells', async () => {
    const coded = gzipSync(ALPHABET);
    proxy = await startProxy((_request, response) => {
      response
        .writeHead(200, { ...FRESH, 'Content-Encoding': 'gzip', 'Content-Digest': 'sha-256=:AAAA:' })
        .end(coded);
    });
    await ask(proxy.url);
    await expect.poll(async () => (await ask(proxy.url)).by, PATIENT).toBe('hit');
    const parts: Buffer[] = [];
    for (const range of ['bytes=0-9', 'bytes=10-']) {
      const { statusCode, headers, body } = await rawRequest(proxy.url, { headers: { Range: range } });
      expect([statusCode, headers['content-encoding']]).toEqual([206, 'gzip']);
      expect(headers['content-digest']).toBeUndefined();
      parts.push(Buffer.from(await body.arrayBuffer()));
      expect(headers['content-length']).toBe(String(parts.at(-1)!.length));
    }
    expect(gunzipSync(Buffer.concat(parts)).toString()).toBe(ALPHABET);
    expect(proxy.asked).toHaveLength(1);
  });

  it('of the variant that the request selects', async () => {
    proxy = await startProxy((request, response) => {
      const text = String(request.headers['accept-language']).repeat(10);
      response.writeHead(200, { ...FRESH, Vary: 'Accept-Language' }).end(text);
    });
    for (const language of ['de', 'fr']) {
      const asking = { 'Accept-Language': language };
      await ask(proxy.url, asking);
      await expect.poll(async () => (await ask(proxy.url, asking)).by, PATIENT).toBe('hit');
      expect(await inRange('bytes=0-1', asking)).toMatchObject({ status: 206, body: language, ...hit });
    }
  });
});

describe('a range of a stale response', () => {
  it('is cut from it when it was validated', async () => {
    const origin = await start(STALE);
    expect(await inRange('bytes=2-3')).toMatchObject({
      ...{ status: 206, body: 'cd', range: 'bytes 2-3/26', length: '2', by: 'fwd=stale' },
    });
    expect(origin.ranges).toEqual(['all', 'all']);
  });

  it('is cut from the new one where it has changed, and that is stored whole', async () => {
    const origin = await start(STALE);
    origin.content = ALPHABET.toUpperCase();
    origin.fields = { ...FRESH, ETag: '"v2"' };
    expect(await inRange('bytes=2-3')).toMatchObject({
      status: 206,
      body: 'CD',
      range: 'bytes 2-3/26',
      length: '2',
    });
    await expect.poll(async () => (await ask(proxy.url)).by, PATIENT).toBe('hit');
    expect(await ask(proxy.url)).toMatchObject({ ...whole, body: ALPHABET.toUpperCase() });
    expect(origin.ranges).toEqual(['all', 'all']);
  });

  it('is a 416 where the new one is shorter', async () => {
    const origin = await start(STALE);
    origin.content = 'abc';
    origin.fields = { ...FRESH, ETag: '"v2"' };
    expect(await inRange('bytes=5-6')).toMatchObject({ status: 416, body: '', range: 'bytes */3' });
    expect(await ask(proxy.url)).toMatchObject({ status: 200, body: 'abc' });
  });

  it('is cut from the stale one where the origin is away', async () => {
    const origin = await start({ ...FRESH, Age: '61' });
    origin.away = true;
    expect(await inRange('bytes=2-3')).toMatchObject({
      status: 206,
      body: 'cd',
      range: 'bytes 2-3/26',
      by: 'fwd=stale',
    });
  });
});

describe('the answers of a transform', () => {
  const transform: Transform = {
    response: async (origin) => ({ status: 200, body: `made of ${await origin.text()}` }),
  };

  it('are made of the whole, whatever range is asked for', async () => {
    const origin = createRangedOrigin({ 'Cache-Control': 'max-age=60' });
    const transformed = {
      transform: { options: {}, ...transform } as never,
      forward: { headers: 'all' as const },
    };
    proxy = await startProxy(origin.listener, (config) => ({
      ...config,
      services: { default: { ...config.services.default!, ...transformed } },
    }));
    expect(await inRange('bytes=0-6')).toMatchObject({ status: 206, body: 'made of' });
    await expect.poll(async () => (await ask(proxy.url)).by, PATIENT).toBe('hit');
    expect((await ask(proxy.url)).body).toBe(`made of ${ALPHABET}`);
    expect(origin.ranges).toEqual(['all']);
  });
});
