import type { RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import {
  ALPHABET,
  ask,
  createRangedOrigin,
  PATIENT,
  type RangedOrigin,
  sendPart,
} from '../support/ranged-origin.ts';

// Parts of representations: stored, combined, completed, and never taken for the whole (RFC 9111 §3.3, §3.4).

let proxy: RunningProxy;
afterEach(() => proxy.close());

const TAGGED = { 'Cache-Control': 'max-age=60', ETag: '"v1"' };
const WHOLE = { status: 200, body: ALPHABET, range: undefined };

/** @param other what the origin answers to some requests in the place of a range */
async function start(
  fields: Record<string, string> = TAGGED,
  other: (...args: Parameters<RequestListener>) => boolean = () => false,
  change?: (config: Config) => Config,
): Promise<RangedOrigin> {
  const origin = createRangedOrigin(fields);
  const listener: RequestListener = (request, response) => {
    if (!other(request, response)) origin.listener(request, response);
  };
  proxy = await startProxy(listener, change);
  return origin;
}

const inRange = (range: string, other: Record<string, string> = {}) =>
  ask(proxy.url, { Range: range, ...other });

/** Resolves when a stored response is found for what these fields ask. */
async function stored(headers: Record<string, string> = {}): Promise<void> {
  const fromStore = { ...headers, 'Cache-Control': 'only-if-cached, max-stale' };
  await expect.poll(async () => (await ask(proxy.url, fromStore)).status, PATIENT).not.toBe(504);
}

/** What is stored first. */
async function storedPart(range: string): Promise<void> {
  const answer = await inRange(range);
  expect([answer.status, answer.by]).toEqual([206, 'fwd=uri-miss']);
  await stored({ Range: range });
}

describe('a stored part', () => {
  it('answers what it holds, and nothing else (§3.3)', async () => {
    const origin = await start();
    await storedPart('bytes=5-14');
    for (const [range, expected, contentRange] of [
      ['bytes=5-14', 'fghijklmno', 'bytes 5-14/26'],
      ['bytes=6-7', 'gh', 'bytes 6-7/26'],
      ['bytes=14-14', 'o', 'bytes 14-14/26'],
    ] as const) {
      expect(await inRange(range)).toMatchObject({
        ...{ status: 206, body: expected, range: contentRange, length: String(expected.length), by: 'hit' },
      });
    }
    expect(await inRange('bytes=26-')).toMatchObject({ status: 416, range: 'bytes */26', by: 'hit' });
    expect(origin.ranges).toEqual(['bytes=5-14']);
    expect(await inRange('bytes=4-5')).toMatchObject({ body: 'ef', by: 'fwd=partial' });
  });

  it('is not the whole: not for HEAD, not for only-if-cached, not for a range that does not count', async () => {
    const origin = await start();
    await storedPart('bytes=5-14');
    expect(await ask(proxy.url, {}, 'HEAD')).toMatchObject({ status: 200, length: '26', by: 'fwd=partial' });
    expect((await ask(proxy.url, { 'Cache-Control': 'only-if-cached' })).status).toBe(504);
    expect(await inRange('bytes=5-6', { 'If-Range': '"v0"' })).toMatchObject(WHOLE);
    expect(origin.ranges.slice(1)).toEqual(['all', 'bytes=5-6 if "v0"']);
  });

  it('of a whole whose length is unknown answers what lies in it only', async () => {
    const origin = await start(TAGGED, (request, response) => {
      if (request.headers.range !== 'bytes=0-9') return false;
      sendPart(response, TAGGED, 'bytes 0-9/*', ALPHABET.slice(0, 10));
      return true;
    });
    await storedPart('bytes=0-9');
    expect(await inRange('bytes=2-3')).toMatchObject({ body: 'cd', range: 'bytes 2-3/*', by: 'hit' });
    expect(await inRange('bytes=2-')).toMatchObject({ body: ALPHABET.slice(2), by: 'fwd=partial' });
    expect(await inRange('bytes=-1')).toMatchObject({ body: 'z' });
    expect(origin.ranges).toHaveLength(1);
  });

  it('answers a condition on it with 304, and is validated when it is stale', async () => {
    const origin = await start({ ...TAGGED, Age: '100' });
    await storedPart('bytes=5-14');
    expect(await inRange('bytes=5-6')).toMatchObject({ status: 206, body: 'fg', by: 'fwd=stale' });
    origin.fields = TAGGED;
    expect(await inRange('bytes=5-6')).toMatchObject({ status: 206, body: 'fg', by: 'fwd=stale' });
    await expect.poll(async () => (await inRange('bytes=5-6')).by, PATIENT).toBe('hit');
    expect((await inRange('bytes=5-6', { 'If-None-Match': '"v1"' })).status).toBe(304);
    // Each validation asks about all of it.
    expect(origin.ranges).toEqual(['bytes=5-14', 'all', 'all']);
  });

  it('takes the place of a failing origin for what it holds only', async () => {
    const origin = await start({ 'Cache-Control': 'max-age=60, stale-if-error=60', ETag: '"v1"', Age: '61' });
    await storedPart('bytes=0-9');
    origin.away = true;
    expect(await inRange('bytes=5-6')).toMatchObject({ status: 206, body: 'fg', by: 'fwd=stale' });
    expect((await inRange('bytes=5-16')).status).toBe(502);
    expect((await ask(proxy.url)).status).toBe(502);
  });
});

describe('parts together (§3.4)', () => {
  it('answer what both hold', async () => {
    const origin = await start();
    await storedPart('bytes=0-9');
    await inRange('bytes=5-14');
    await stored({ Range: 'bytes=0-14' });
    expect(await inRange('bytes=1-13')).toMatchObject({
      body: 'bcdefghijklmn',
      range: 'bytes 1-13/26',
      by: 'hit',
    });
    expect(origin.ranges).toEqual(['bytes=0-9', 'bytes=5-14']);
  });

  it('are a whole when nothing is missing', async () => {
    const origin = await start();
    await storedPart('bytes=10-25');
    await inRange('bytes=0-9');
    await stored();
    expect(await ask(proxy.url)).toMatchObject({ ...WHOLE, length: '26', by: 'hit' });
    expect(origin.ranges).toEqual(['bytes=10-25', 'bytes=0-9']);
  });

  it('with a gap between them are not combined: the newer one is kept', async () => {
    const origin = await start();
    await storedPart('bytes=0-4');
    await inRange('bytes=10-14');
    await stored({ Range: 'bytes=10-14' });
    expect(await inRange('bytes=0-4')).toMatchObject({ body: 'abcde', by: 'fwd=partial' });
    expect(origin.ranges).toHaveLength(3);
  });

  it.each([
    ['of another ETag', TAGGED, { ...TAGGED, ETag: '"v2"' }],
    ['with weak ones', { ...TAGGED, ETag: 'W/"v1"' }, { ...TAGGED, ETag: 'W/"v1"' }],
    ['without one', { 'Cache-Control': 'max-age=60' }, { 'Cache-Control': 'max-age=60' }],
  ])('%s are not combined (RFC 9110 §15.3.7.3)', async (_name, before, after) => {
    const origin = await start(before);
    await storedPart('bytes=0-9');
    origin.content = ALPHABET.toUpperCase();
    origin.fields = after;
    expect((await inRange('bytes=10-25')).body).toBe(ALPHABET.toUpperCase().slice(10));
    await stored({ Range: 'bytes=10-25' });
    expect(await ask(proxy.url)).toMatchObject({ status: 200, body: ALPHABET.toUpperCase() });
  });
});

describe('a part that is completed (§3.4)', () => {
  it.each([
    ['bytes=0-9', 'bytes=10- if "v1"'],
    ['bytes=10-25', 'bytes=0-9 if "v1"'],
  ])('%s: by %s, and the whole is stored', async (range, missing) => {
    const origin = await start();
    await storedPart(range);
    expect(await ask(proxy.url)).toMatchObject({ ...WHOLE, length: '26', by: 'fwd=partial' });
    await stored();
    expect(await ask(proxy.url)).toMatchObject({ ...WHOLE, length: '26', by: 'hit' });
    expect(origin.ranges).toEqual([range, missing]);
  });

  it('is stale is as new as what completes it', async () => {
    const origin = await start({ ...TAGGED, Age: '100' });
    await storedPart('bytes=0-9');
    origin.fields = TAGGED;
    expect(await ask(proxy.url)).toMatchObject({ ...WHOLE, by: 'fwd=partial' });
    await expect.poll(async () => (await ask(proxy.url)).by, PATIENT).toBe('hit');
    expect(origin.ranges).toEqual(['bytes=0-9', 'bytes=10- if "v1"']);
  });

  it('is forgotten where the representation is another by now', async () => {
    const origin = await start();
    await storedPart('bytes=0-9');
    origin.content = ALPHABET.toUpperCase();
    origin.fields = { ...TAGGED, ETag: '"v2"' };
    expect(await ask(proxy.url)).toMatchObject({ status: 200, body: ALPHABET.toUpperCase() });
    expect(origin.ranges).toEqual(['bytes=0-9', 'bytes=10- if "v1"']);
  });

  // What an origin sends in the place of what is missing, and then all of it is asked for anew.
  const end = ALPHABET.slice(10);
  const other = end.toUpperCase();
  const UNTAGGED = { 'Cache-Control': 'max-age=60' };
  const SEVERAL = { ...TAGGED, 'Content-Type': 'multipart/byteranges; boundary=x' };
  const NOT_SATISFIED = { ...TAGGED, 'Content-Range': 'bytes */26' };
  const WRONG: [string, (response: ServerResponse) => unknown][] = [
    ['of another', (response) => sendPart(response, { ...TAGGED, ETag: '"v2"' }, 'bytes 10-25/26', other)],
    ['without a validator', (response) => sendPart(response, UNTAGGED, 'bytes 10-25/26', other)],
    ['that does not reach the end', (response) => sendPart(response, TAGGED, 'bytes 10-14/26', 'klmno')],
    ['that leaves a gap', (response) => sendPart(response, TAGGED, 'bytes 12-25/26', ALPHABET.slice(12))],
    ['of another length', (response) => sendPart(response, TAGGED, 'bytes 10-25/27', end)],
    ['shorter than its Content-Range', (response) => sendPart(response, TAGGED, 'bytes 10-25/26', 'klm')],
    ['without Content-Range', (response) => response.writeHead(206, TAGGED).end(end)],
    ['in several parts', (response) => response.writeHead(206, SEVERAL).end('--x--')],
    ['that is a 416', (response) => response.writeHead(416, NOT_SATISFIED).end()],
  ];
  it.each(WRONG)('is fetched as a whole where the origin sends one %s', async (_name, answer) => {
    const origin = await start(TAGGED, (request, response) => {
      if (request.headers['if-range'] === undefined) return false;
      answer(response);
      return true;
    });
    await storedPart('bytes=0-9');
    expect(await ask(proxy.url)).toMatchObject({ ...WHOLE, length: '26' });
    await stored();
    expect(await ask(proxy.url)).toMatchObject({ ...WHOLE, by: 'hit' });
    expect(origin.ranges).toEqual(['bytes=0-9', 'all']);
  });

  it.each([
    ['shorter', 'klm'],
    ['longer', `${ALPHABET.slice(10)}!!!`],
  ])(
    'breaks the connection where what comes in chunks is %s than it said, and is not stored',
    async (_name, sent) => {
      await start(TAGGED, (request, response) => {
        if (request.headers['if-range'] === undefined) return false;
        response.writeHead(206, { ...TAGGED, 'Content-Range': 'bytes 10-25/26' });
        response.write(sent);
        response.end();
        return true;
      });
      await storedPart('bytes=0-9');
      await expect(ask(proxy.url)).rejects.toThrow();
      expect((await ask(proxy.url, { 'Cache-Control': 'only-if-cached' })).status).toBe(504);
    },
  );

  it('has an error of the origin in its place', async () => {
    await start(TAGGED, (request, response) => {
      if (request.headers['if-range'] === undefined) return false;
      response.writeHead(503).end('busy');
      return true;
    });
    await storedPart('bytes=0-9');
    expect(await ask(proxy.url)).toMatchObject({ status: 503, body: 'busy' });
  });

  it.each(['W/"v1"', undefined])('is not combined with ETag %s, but all of it asked for', async (etag) => {
    const origin = await start({ 'Cache-Control': 'max-age=60', ...(etag !== undefined && { ETag: etag }) });
    await storedPart('bytes=0-9');
    expect(await ask(proxy.url)).toMatchObject(WHOLE);
    expect(origin.ranges).toEqual(['bytes=0-9', 'bytes=10-', 'all']);
    await stored();
    expect(await ask(proxy.url)).toMatchObject({ ...WHOLE, by: 'hit' });
  });

  it('is not worth it where both ends are missing', async () => {
    const origin = await start();
    await storedPart('bytes=5-9');
    expect(await ask(proxy.url)).toMatchObject(WHOLE);
    expect(origin.ranges).toEqual(['bytes=5-9', 'all']);
  });
});

describe('what a range brings', () => {
  it.each([400, 404, 416, 500])('an error of %i is the answer to nobody else', async (status) => {
    await start(TAGGED, (request, response) => {
      if (request.headers.range === undefined) return false;
      response.writeHead(status, { ...TAGGED, 'Content-Range': 'bytes */26' }).end();
      return true;
    });
    expect((await inRange('bytes=1000-')).status).toBe(status);
    for (let i = 0; i < 3; i++) expect(await ask(proxy.url)).toMatchObject(WHOLE);
  });

  it('an origin without ranges answers it with the whole: it is cut and stored', async () => {
    const origin = await start(TAGGED, (request, response) => {
      origin.ranges.push(String(request.headers.range));
      response.writeHead(200, { ...TAGGED, 'Content-Length': '26' }).end(ALPHABET);
      return true;
    });
    expect(await inRange('bytes=2-3')).toMatchObject({ status: 206, body: 'cd', range: 'bytes 2-3/26' });
    await stored();
    expect(await ask(proxy.url)).toMatchObject({ ...WHOLE, by: 'hit' });
    expect(origin.ranges).toEqual(['bytes=2-3']);
  });

  it('several parts are passed on and not stored', async () => {
    const several = { ...TAGGED, 'Content-Type': 'multipart/byteranges; boundary=x' };
    await start(TAGGED, (_request, response) => {
      response.writeHead(206, several).end('--x--');
      return true;
    });
    for (let i = 0; i < 2; i++) {
      expect(await inRange('bytes=0-1,5-6')).toMatchObject({
        status: 206,
        body: '--x--',
        by: 'fwd=uri-miss',
      });
    }
  });

  it('a part that nobody asked for is not the whole for anyone else', async () => {
    await start(TAGGED, (_request, response) => {
      sendPart(response, TAGGED, 'bytes 0-9/26', ALPHABET.slice(0, 10));
      return true;
    });
    for (let i = 0; i < 3; i++) expect((await ask(proxy.url)).by).not.toBe('hit');
    expect((await ask(proxy.url, { 'Cache-Control': 'only-if-cached' })).status).toBe(504);
  });

  it('a part that is not as long as it says is not stored', async () => {
    await start(TAGGED, (_request, response) => {
      sendPart(response, TAGGED, 'bytes 0-9/26', 'abc');
      return true;
    });
    for (let i = 0; i < 3; i++) expect((await inRange('bytes=0-9')).by).toBe('fwd=uri-miss');
  });

  it('more than is stored at once is not stored, nor are parts that together are more', async () => {
    const origin = await start(TAGGED, () => false, withCache({ max_body_bytes: 8 }));
    expect((await inRange('bytes=0-9')).body).toHaveLength(10);
    expect((await inRange('bytes=0-5')).by).toBe('fwd=uri-miss');
    await stored({ Range: 'bytes=0-5' });
    expect((await inRange('bytes=6-11')).body).toBe('ghijkl');
    expect((await inRange('bytes=6-11')).by).toBe('fwd=partial');
    expect((await inRange('bytes=0-5')).by).toBe('hit');
    expect(origin.ranges).toEqual(['bytes=0-9', 'bytes=0-5', 'bytes=6-11', 'bytes=6-11']);
  });

  it('nothing of it is stored where the client says so (§5.2.1.5)', async () => {
    const origin = await start();
    const noStore = { 'Cache-Control': 'no-store' };
    for (let i = 0; i < 2; i++) expect((await inRange('bytes=0-1', noStore)).body).toBe('ab');
    expect((await inRange('bytes=0-1')).by).toBe('fwd=uri-miss');
    expect(origin.ranges).toHaveLength(3);
  });
});
