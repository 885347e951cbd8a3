import { afterEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import { ask } from '../support/ranged-origin.ts';

// A cache that gets no answer from its origin may give a stale response where nothing forbids it (RFC 9111 §4.2.4).

let proxy: RunningProxy;
afterEach(() => proxy.close());

type Fault = 'none' | 'cut' | 'silent' | '503' | '500';

/** Stores a response of some age, and lets the origin fail from then on. */
async function start(
  control: string,
  { fault = 'cut' as Fault, seconds = 60, age = '61', fields = {} as Record<string, string> } = {},
): Promise<void> {
  let current: Fault = 'none';
  proxy = await startProxy(
    (request, response) => {
      if (current === 'cut') request.socket.destroy();
      else if (current === '503' || current === '500') response.writeHead(Number(current)).end('failed');
      else if (current === 'none') {
        response.writeHead(200, { 'Cache-Control': control, ETag: '"1"', Age: age, ...fields }).end('stale');
      }
    },
    (config) => {
      const changed = withCache({ stale_if_disconnected_seconds: seconds })(config);
      const service = changed.services.default!;
      const timeouts = { ...service.timeouts, headers_ms: 100 };
      return { ...changed, services: { default: { ...service, timeouts } } };
    },
  );
  await get();
  // Whatever is stored behind the answer is so by the next ones.
  for (let i = 0; i < 3; i++) await ask(`${proxy.url}/other`, { 'Cache-Control': 'only-if-cached' });
  current = fault;
}

const get = (headers: Record<string, string> = {}, method: 'GET' | 'HEAD' | 'POST' = 'GET') =>
  ask(proxy.url, headers, method);
// Not a hit: the origin was asked (RFC 9211 §2.1).
const STALE = { status: 200, body: 'stale', by: 'fwd=stale' };

describe('a stale response', () => {
  it.each<[Fault, number]>([
    ['cut', 502],
    ['silent', 504],
  ])('is given when the origin is %s, with its age', async (fault) => {
    await start('max-age=60', { fault });
    const answer = await get();
    expect(answer).toMatchObject(STALE);
    expect(Number(answer.headers.age)).toBeGreaterThanOrEqual(61);
    expect(answer.headers['cache-status']).toMatch(/fwd=stale; ttl=-\d/);
    expect(await get({}, 'HEAD')).toMatchObject({ ...STALE, body: '' });
  });

  it('is given to many at once', async () => {
    await start('max-age=60');
    for (const each of await Promise.all(Array.from({ length: 20 }, () => get())))
      expect(each).toMatchObject(STALE);
  });

  it.each<[string, Fault]>([
    ['an answer', '503'],
    ['an answer', '500'],
  ])(
    'is not given when the origin gives %s of %s: that is what stale-if-error is for',
    async (_name, fault) => {
      await start('max-age=60', { fault });
      expect((await get()).status).toBe(Number(fault));
    },
  );

  it.each([
    'max-age=60, must-revalidate',
    'max-age=60, proxy-revalidate',
    's-maxage=60',
    'max-age=60, no-cache',
  ])('is not given with %s', async (control) => {
    await start(control);
    expect((await get()).status).toBe(502);
  });

  it.each<[number, string]>([
    [502, 'no-cache'],
    [502, 'max-age=3600'],
    [502, 'max-age=0'],
    [502, 'min-fresh=1'],
    [502, 'no-cache, stale-if-error=3600'],
    [200, 'max-stale=1'],
    [200, 'stale-if-error=3600'],
    [200, 'no-transform'],
  ])('is a %i for who asks with %s (§5.2.1)', async (status, directive) => {
    await start('max-age=60', { age: '62' });
    expect((await get({ 'Cache-Control': directive })).status).toBe(status);
  });

  it('is not given for Pragma: no-cache (§5.4)', async () => {
    await start('max-age=60');
    expect((await get({ Pragma: 'no-cache' })).status).toBe(502);
  });

  it('is given for so long as the file says', async () => {
    await start('max-age=60', { seconds: 100, age: '150' });
    expect(await get()).toMatchObject(STALE);
    await proxy.close();
    await start('max-age=60', { seconds: 100, age: '161' });
    expect((await get()).status).toBe(502);
    await proxy.close();
    await start('max-age=60', { seconds: 0 });
    expect((await get()).status).toBe(502);
  });

  it('that is only older than a client would like, not stale, is given all the same (§5.2.1.1)', async () => {
    await start('max-age=600');
    expect(await get({ 'Cache-Control': 'max-age=10' })).toMatchObject({ ...STALE, by: 'fwd=request' });
    expect((await get({ 'Cache-Control': 'no-cache' })).status).toBe(502);
  });

  it('answers no POST', async () => {
    await start('max-age=60');
    expect((await get({}, 'POST')).status).toBe(502);
  });

  it('of another variant is none', async () => {
    await start('max-age=60', { fields: { Vary: 'Accept-Language' } });
    expect((await get({ 'Accept-Language': 'de' })).status).toBe(502);
    expect(await get()).toMatchObject(STALE);
  });
});
