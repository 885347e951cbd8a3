import { afterEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import { ask, PATIENT } from '../support/ranged-origin.ts';

// Fields that speak to this cache alone, before Cache-Control and Expires (RFC 9213 §2.2; Edge Architecture 1.0 §2.3).

let proxy: RunningProxy;
afterEach(() => proxy.close());

type Fields = Record<string, string | string[]>;

/** Whether a second request is answered from the store. */
async function isStored(
  fields: Fields,
  change?: Parameters<typeof startProxy>[1],
  headers = {},
): Promise<boolean> {
  proxy = await startProxy((_request, response) => response.writeHead(200, fields).end('x'), change);
  await ask(proxy.url, headers);
  // What is stored is so before the next answer but one.
  await ask(proxy.url, headers);
  await ask(proxy.url, headers);
  return (await ask(proxy.url, headers)).by === 'hit';
}

const FRESH = { 'Cache-Control': 'max-age=60' };
const PAST = new Date(0).toUTCString();

describe('CDN-Cache-Control', () => {
  it.each<[boolean, Fields]>([
    [true, { 'CDN-Cache-Control': 'max-age=60', 'Cache-Control': 'no-store' }],
    [true, { 'CDN-Cache-Control': 'max-age=60', 'Cache-Control': 'private, max-age=0' }],
    [true, { 'CDN-Cache-Control': 'max-age=60', Expires: PAST }],
    [true, { 'CDN-Cache-Control': 's-maxage=60, max-age=0' }],
    [true, { 'CDN-Cache-Control': ['max-age=60', 'must-revalidate'], 'Cache-Control': 'no-store' }],
    [
      true,
      {
        'CDN-Cache-Control': 'max-age=60; ignored=1, unknown, "x"=1'.split(', "x"')[0]!,
        'Cache-Control': 'no-store',
      },
    ],
    [false, { 'CDN-Cache-Control': 'no-store', ...FRESH }],
    [false, { 'CDN-Cache-Control': 'private', ...FRESH }],
    [false, { 'CDN-Cache-Control': 'max-age=0', ...FRESH }],
    [false, { 'CDN-Cache-Control': 'no-cache, max-age=60', ...FRESH }],
    // A valid one without lifetime leaves nothing but a guess.
    [false, { 'CDN-Cache-Control': 'public', ...FRESH }],
    [false, { 'CDN-Cache-Control': 'must-revalidate', ...FRESH, Expires: new Date(2 ** 42).toUTCString() }],
    [false, { 'CDN-Cache-Control': 'max-age=60', 'Set-Cookie': 'a=1' }],
    [false, { 'CDN-Cache-Control': 'max-age=60', Vary: '*' }],
    // Ignored, so that Cache-Control counts (§2.1): not a dictionary, or an empty one.
    [true, { 'CDN-Cache-Control': 'no-store no-cache', ...FRESH }],
    [true, { 'CDN-Cache-Control': 'no-store,', ...FRESH }],
    [true, { 'CDN-Cache-Control': 'No-Store', ...FRESH }],
    [true, { 'CDN-Cache-Control': '', ...FRESH }],
    [false, { 'CDN-Cache-Control': 'max-age=60 no-store', 'Cache-Control': 'no-store' }],
    // A directive of another type is ignored, and no other.
    [false, { 'CDN-Cache-Control': 'max-age="60"', ...FRESH }],
    [false, { 'CDN-Cache-Control': 'max-age=60.5', ...FRESH }],
    [true, { 'CDN-Cache-Control': 'max-age=60, no-store=?0', 'Cache-Control': 'no-store' }],
  ])('%s: %j', async (stored, fields) => {
    expect(await isStored(fields)).toBe(stored);
  });

  it.each<[boolean, string]>([
    [true, 'public, max-age=60'],
    [true, 's-maxage=60'],
    [false, 'max-age=60'],
  ])(
    '%s: %s shares answers to credentials (RFC 9111 §3.5), whatever Cache-Control says',
    async (shared, value) => {
      const fields = {
        'CDN-Cache-Control': value,
        'Cache-Control': shared ? 'private' : 'public, max-age=60',
      };
      expect(await isStored(fields, undefined, { Authorization: 'Bearer a' })).toBe(shared);
    },
  );

  it('is passed on to the caches behind, with the rest (§3.1)', async () => {
    const fields = { 'CDN-Cache-Control': 'max-age=60', 'Cache-Control': 'no-store' };
    expect(await isStored(fields)).toBe(true);
    const { headers, by } = await ask(proxy.url);
    expect([by, headers['cdn-cache-control'], headers['cache-control']]).toEqual([
      'hit',
      'max-age=60',
      'no-store',
    ]);
  });

  it('is renewed by a 304 (RFC 9111 §4.3.4)', async () => {
    let control = 'max-age=60';
    proxy = await startProxy((request, response) => {
      const isKnown = request.headers['if-none-match'] !== undefined;
      const fields = { 'CDN-Cache-Control': control, 'Cache-Control': 'max-age=60', ETag: '"1"', Age: '100' };
      response.writeHead(isKnown ? 304 : 200, fields).end(isKnown ? '' : 'x');
    });
    await ask(proxy.url);
    control = 'max-age=600';
    await expect.poll(async () => (await ask(proxy.url)).by, PATIENT).toBe('hit');
    expect((await ask(proxy.url)).headers['cdn-cache-control']).toBe('max-age=600');
  });

  it('has its own stale windows (RFC 5861)', async () => {
    let broken = false;
    proxy = await startProxy((_request, response) => {
      const control = { 'CDN-Cache-Control': 'max-age=0, stale-if-error=60', 'Cache-Control': 'no-store' };
      response.writeHead(broken ? 503 : 200, control).end('x');
    });
    await ask(proxy.url);
    await expect
      .poll(
        async () => (await ask(proxy.url, { 'Cache-Control': 'only-if-cached, max-stale' })).status,
        PATIENT,
      )
      .toBe(200);
    broken = true;
    expect(await ask(proxy.url)).toMatchObject({ status: 200, body: 'x', by: 'fwd=stale' });
  });
});

describe('Surrogate-Control', () => {
  it.each<[boolean, Fields]>([
    [true, { 'Surrogate-Control': 'max-age=60', 'Cache-Control': 'no-store' }],
    [true, { 'Surrogate-Control': 'max-age=60+30, content="ESI/1.0"', 'Cache-Control': 'private' }],
    [true, { 'Surrogate-Control': 'max-age=60;cachegate, no-store;other', 'Cache-Control': 'no-store' }],
    [true, { 'Surrogate-Control': 'no-store;other', ...FRESH }],
    [true, { 'Surrogate-Control': 'content="ESI/1.0"', ...FRESH }],
    [false, { 'Surrogate-Control': 'no-store', ...FRESH }],
    [false, { 'Surrogate-Control': 'no-store;cachegate', ...FRESH }],
    [false, { 'Surrogate-Control': 'max-age=0', ...FRESH }],
    [true, { 'Surrogate-Control': 'no-store', 'CDN-Cache-Control': 'max-age=60' }],
  ])('%s: %j', async (stored, fields) => {
    expect(await isStored(fields)).toBe(stored);
  });
});

describe('the list of a service', () => {
  const both = { 'A-Cache-Control': 'max-age=60', 'B-Cache-Control': 'no-store', ...FRESH };
  const listing = (...targeted_headers: string[]) => withCache({ targeted_headers });

  it.each<[boolean, string[]]>([
    [true, ['A-Cache-Control', 'B-Cache-Control']],
    [false, ['b-cache-control', 'A-Cache-Control']],
    [true, []],
    [true, ['CDN-Cache-Control']],
  ])('%s: %j, the first that is there', async (stored, names) => {
    expect(await isStored(both, listing(...names))).toBe(stored);
  });

  it('leaves out the ones that are not in it', async () => {
    const fields = { 'CDN-Cache-Control': 'no-store', 'Surrogate-Control': 'no-store', ...FRESH };
    expect(await isStored(fields, listing())).toBe(true);
  });

  it('counts for nothing where lifetimes are forced', async () => {
    const fields = { 'CDN-Cache-Control': 'no-store' };
    expect(await isStored(fields, withCache({ force: true, ttl_seconds: 60 }))).toBe(true);
  });
});
