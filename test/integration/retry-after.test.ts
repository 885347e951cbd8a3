import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import { ask, PATIENT } from '../support/ranged-origin.ts';

// An origin's wish to be left alone (RFC 9110 §10.2.3, §15.6.4; RFC 6585 §4): kept, and stale responses given meanwhile.

type Cache = Parameters<typeof withCache>[0];
interface Answer {
  readonly status: number;
  readonly fields: Record<string, string>;
}

let proxy: RunningProxy;
/** What the origin answers, by path. */
let answers: Record<string, Answer>;

const OK: Answer = { status: 200, fields: { 'Cache-Control': 'no-store' } };
const refusing = (status: number, value: string): Answer => ({ status, fields: { 'Retry-After': value } });

// With a key of its own: the budget is the service's, whoever asks.
const ownKey = (config: Config): Config => ({
  ...config,
  services: { default: { ...config.services.default!, request_headers: { 'X-Api-Key': 'ours' } } },
});

const start = async (cache: Cache = {}, keyed = ownKey) => {
  proxy = await startProxy(
    (request, response) => {
      const { status, fields } = answers[request.url!] ?? OK;
      response.writeHead(status, fields).end('from the origin');
    },
    (config) => keyed(withCache(cache)(config)),
  );
};
beforeEach(() => {
  answers = {};
});
afterEach(() => proxy.close());

const get = (path: string, headers: Record<string, string> = {}) => ask(proxy.url + path, headers);
const RELOAD = { 'Cache-Control': 'no-cache' };

describe('a refusal with Retry-After', () => {
  it('by 503 is remembered for its resource', async () => {
    await start();
    answers['/busy'] = refusing(503, '100');
    expect(await get('/busy')).toMatchObject({ status: 503, body: 'from the origin' });
    delete answers['/busy'];
    const held = await get('/busy');
    expect(held.status).toBe(503);
    expect(Number(held.headers['retry-after'])).toBeGreaterThan(90);
    expect(held.headers['cache-status']).toBe('cachegate; detail=retry-after');
    expect((await get('/free')).status).toBe(200);
    expect(proxy.asked).toEqual(['GET /busy', 'GET /free']);
  });

  it('by 429 is remembered for the whole service', async () => {
    await start();
    answers['/spent'] = refusing(429, '100');
    await get('/spent');
    expect(await get('/other')).toMatchObject({ status: 429 });
    expect(proxy.asked).toEqual(['GET /spent']);
  });

  it('by 429 is remembered for requests that look the same, where the client’s fields may be its cause', async () => {
    await start({}, (config) => config);
    answers['/'] = refusing(429, '100');
    await get('/', { 'X-Api-Key': 'spent' });
    delete answers['/'];
    expect((await get('/', { 'X-Api-Key': 'spent' })).status).toBe(429);
    expect((await get('/', { 'X-Api-Key': 'another' })).status).toBe(200);
    expect((await get('/other', { 'X-Api-Key': 'spent' })).status).toBe(200);
  });

  it('names a date as well', async () => {
    await start();
    answers['/'] = refusing(503, new Date(Date.now() + 100_000).toUTCString());
    for (let i = 0; i < 2; i++) expect((await get('/')).status).toBe(503);
    expect(proxy.asked).toHaveLength(1);
  });

  it('is remembered no longer than the limit', async () => {
    await start({ retry_after_limit_seconds: 20 });
    answers['/'] = refusing(429, '86400');
    await get('/');
    const seconds = Number((await get('/')).headers['retry-after']);
    expect(seconds > 0 && seconds <= 20).toBe(true);
  });

  it('ends when its time is over', async () => {
    await start();
    answers['/'] = refusing(503, '1');
    await get('/');
    delete answers['/'];
    await expect.poll(async () => (await get('/')).status, PATIENT).toBe(200);
    expect(proxy.asked).toHaveLength(2);
  });

  it.each([
    ['0', 429],
    ['soon', 429],
    ['-5', 503],
    ['1.5', 503],
    ['100', 500],
    ['100', 502],
    ['100', 504],
  ])('is not heard with %s and a %i', async (value, status) => {
    await start();
    answers['/'] = refusing(status, value);
    for (let i = 0; i < 2; i++) expect((await get('/')).status).toBe(status);
    expect(proxy.asked).toHaveLength(2);
  });

  it('that says for how long it may be stored is simply stored (RFC 9111 §3)', async () => {
    await start();
    answers['/'] = { status: 503, fields: { 'Retry-After': '100', 'Cache-Control': 'max-age=60' } };
    await get('/');
    await expect.poll(async () => (await get('/')).by, PATIENT).toBe('hit');
    expect((await get('/')).body).toBe('from the origin');
  });
});

describe.each<[string, Record<string, string>]>([
  ['an Authorization', { Authorization: 'Bearer a' }],
  ['cookies', { Cookie: 'session=a' }],
])('a client with %s', (_name, headers) => {
  it('is refused for itself alone', async () => {
    await start();
    answers['/'] = refusing(429, '100');
    await get('/', headers);
    delete answers['/'];
    expect((await get('/')).status).toBe(200);
    expect((await get('/', headers)).status).toBe(429);
    expect((await get('/else', headers)).status).toBe(200);
  });

  it('is not held up by what others were refused', async () => {
    await start();
    answers['/'] = refusing(429, '100');
    await get('/');
    delete answers['/'];
    expect((await get('/', headers)).status).toBe(200);
    expect((await get('/')).status).toBe(429);
  });
});

describe('while the origin is left alone', () => {
  async function startWithStale(control: string, cache: Cache = {}): Promise<void> {
    await start(cache);
    answers['/'] = { status: 200, fields: { 'Cache-Control': control, Age: '65', ETag: '"1"' } };
    answers['/spent'] = refusing(429, '100');
    await get('/');
    // Whatever is stored behind the answer is so by the next ones.
    for (let i = 0; i < 3; i++) await get('/nothing', { 'Cache-Control': 'only-if-cached' });
    await get('/spent');
    answers['/'] = OK;
  }

  it('what is fresh is given as ever', async () => {
    await startWithStale('max-age=600');
    expect(await get('/')).toMatchObject({ status: 200, by: 'hit' });
  });

  it.each(['max-age=60', 'max-age=60, stale-if-error=60'])(
    'what is stale is given with %s',
    async (control) => {
      await startWithStale(control);
      expect(await get('/')).toMatchObject({ status: 200, body: 'from the origin', by: 'hit' });
      expect(proxy.asked).toEqual(['GET /', 'GET /spent']);
    },
  );

  it.each([
    'max-age=60, must-revalidate',
    'max-age=60, proxy-revalidate',
    's-maxage=60',
    'max-age=600, no-cache',
  ])('nothing stale is given with %s (RFC 9111 §4.2.4)', async (control) => {
    await startWithStale(control);
    expect((await get('/')).status).toBe(429);
  });

  it.each(['no-cache', 'max-age=1', 'max-age=0', 'min-fresh=1'])(
    'nothing stale is given to who asks with %s (RFC 9111 §5.2.1)',
    async (directive) => {
      await startWithStale('max-age=60');
      expect((await get('/', { 'Cache-Control': directive })).status).toBe(429);
      expect(proxy.asked).toEqual(['GET /', 'GET /spent']);
    },
  );

  it('nothing stale is given where the file forbids it', async () => {
    await startWithStale('max-age=60', { stale_if_disconnected_seconds: 0 });
    expect((await get('/')).status).toBe(429);
  });

  it('nothing is validated in the background', async () => {
    await startWithStale('max-age=60, stale-while-revalidate=60');
    for (let i = 0; i < 3; i++) expect((await get('/')).by).toBe('hit');
    expect(proxy.asked).toEqual(['GET /', 'GET /spent']);
  });

  it('a refusal in the background is remembered too', async () => {
    await start();
    const control = 'max-age=60, stale-while-revalidate=60';
    answers['/'] = { status: 200, fields: { 'Cache-Control': control, Age: '61', ETag: '"1"' } };
    await get('/');
    await expect.poll(async () => (await get('/')).by, PATIENT).toBe('hit');
    answers['/'] = refusing(429, '100');
    await expect
      .poll(async () => (await get('/')).by === 'hit' && (await get('/other')).status, PATIENT)
      .toBe(429);
    expect((await get('/')).by).toBe('hit');
  });

  it('unsafe requests are passed on', async () => {
    await startWithStale('max-age=60');
    expect((await ask(`${proxy.url}/spent`, {}, 'POST')).status).toBe(429);
    expect((await ask(`${proxy.url}/`, {}, 'PUT')).status).toBe(200);
    expect(proxy.asked.slice(2)).toEqual(['POST /spent', 'PUT /']);
  });
});

it('a refusal without Retry-After takes the stale response where that may stand in (RFC 5861 §4)', async () => {
  await start();
  answers['/'] = { status: 200, fields: { 'Cache-Control': 'max-age=60, stale-if-error=60', Age: '61' } };
  await get('/');
  await expect.poll(async () => (await get('/', { 'Cache-Control': 'max-stale' })).by, PATIENT).toBe('hit');
  answers['/'] = { status: 429, fields: {} };
  for (let i = 0; i < 2; i++) {
    const stale = await get('/');
    expect(stale.status).toBe(200);
    expect(stale.headers['cache-status']).toMatch(/; fwd=stale; fwd-status=429; ttl=-\d/);
  }
  expect((await get('/', RELOAD)).status).toBe(429);
  expect(proxy.asked).toHaveLength(4);
});
