import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import { ALPHABET, ask, createRangedOrigin, sendPart } from '../support/ranged-origin.ts';

// Parts of representations: stored, combined, completed, and never taken for the whole (RFC 9111 §3.3, §3.4).

let proxy: RunningProxy;
afterEach(() => proxy.close());

const TAGGED = { 'Cache-Control': 'max-age=60', ETag: '"v1"' };

/** Resolves when a stored response is found for what these fields ask. */
async function stored(headers: Record<string, string> = {}): Promise<void> {
  const onlyIfCached = { ...headers, 'Cache-Control': 'only-if-cached' };
  await expect.poll(async () => (await ask(proxy.url, onlyIfCached)).status).not.toBe(504);
}

async function storedPart(range: string): Promise<void> {
  const answer = await ask(proxy.url, { Range: range });
  expect([answer.status, answer.by]).toEqual([206, 'fwd=uri-miss']);
  await stored({ Range: range });
}

describe('a part', () => {
  it('answers what it holds, and nothing else (§3.3)', async () => {
    const origin = createRangedOrigin(TAGGED);
    proxy = await startProxy(origin.listener);
    await storedPart('bytes=5-14');
    for (const [range, expected, contentRange] of [
      ['bytes=5-14', 'fghijklmno', 'bytes 5-14/26'],
      ['bytes=6-7', 'gh', 'bytes 6-7/26'],
      ['bytes=14-14', 'o', 'bytes 14-14/26'],
    ] as const) {
      expect(await ask(proxy.url, { Range: range })).toMatchObject({
        ...{ status: 206, body: expected, range: contentRange, length: String(expected.length), by: 'hit' },
      });
    }
    expect(await ask(proxy.url, { Range: 'bytes=26-' })).toMatchObject({ status: 416, range: 'bytes */26' });
    expect(origin.ranges).toEqual(['bytes=5-14']);
    expect(await ask(proxy.url, { Range: 'bytes=4-5' })).toMatchObject({ body: 'ef', by: 'fwd=partial' });
  });

  it('is completed where it begins at the beginning, and the whole is stored (§3.4)', async () => {
    const origin = createRangedOrigin(TAGGED);
    proxy = await startProxy(origin.listener);
    await storedPart('bytes=0-9');
    expect(await ask(proxy.url)).toMatchObject({ status: 200, body: ALPHABET, length: '26', range: undefined });
    await stored();
    expect(await ask(proxy.url)).toMatchObject({ status: 200, body: ALPHABET, length: '26', by: 'hit' });
    expect(origin.ranges).toEqual(['bytes=0-9', 'bytes=10- if "v1"']);
  });

  it('cannot be what an error of the origin about its range would be for all', async () => {
    for (const status of [400, 404, 416]) {
      proxy = await startProxy((request, response) => {
        const isBad = request.headers.range !== undefined;
        response.writeHead(isBad ? status : 200, TAGGED).end(isBad ? 'bad' : ALPHABET);
      });
      expect(await ask(proxy.url, { Range: 'bytes=1000-' })).toMatchObject({ status });
      for (let i = 0; i < 3; i++) expect(await ask(proxy.url)).toMatchObject({ status: 200, body: ALPHABET });
      if (status !== 416) await proxy.close();
    }
  });

  it('that was to complete another and does not reach its end is no whole', async () => {
    const origin = createRangedOrigin(TAGGED);
    const short: RequestListener = (request, response) => {
      if (request.headers.range === 'bytes=10-') sendPart(response, TAGGED, 'bytes 10-14/26', 'klmno');
      else origin.listener(request, response);
    };
    proxy = await startProxy(short);
    await storedPart('bytes=0-9');
    expect(await ask(proxy.url)).toMatchObject({ status: 200, body: ALPHABET, range: undefined });
  });

  it('shorter than its Content-Range completes nothing', async () => {
    const origin = createRangedOrigin(TAGGED);
    proxy = await startProxy((request, response) => {
      if (request.headers.range === 'bytes=10-') sendPart(response, TAGGED, 'bytes 10-25/26', 'klm');
      else origin.listener(request, response);
    });
    await storedPart('bytes=0-9');
    const answer = await ask(proxy.url).catch(() => 'broken');
    if (answer !== 'broken') expect(answer).toMatchObject({ status: 200, body: ALPHABET });
  });

  it('without a strong validator is not worth completing', async () => {
    for (const etag of ['W/"v1"', undefined]) {
      const origin = createRangedOrigin({ 'Cache-Control': 'max-age=60', ...(etag && { ETag: etag }) });
      proxy = await startProxy(origin.listener);
      await storedPart('bytes=0-9');
      expect(await ask(proxy.url)).toMatchObject({ status: 200, body: ALPHABET });
      expect(origin.ranges).toEqual(['bytes=0-9', 'all']);
      if (etag !== undefined) await proxy.close();
    }
  });
});
void withCache;
