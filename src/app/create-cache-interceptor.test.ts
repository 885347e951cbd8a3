import got from 'got';
import { Agent, Pool, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SimpleOrigin, startOrigin } from '../../test/support/cached-fetch.ts';
import { systemClock as clock } from '../clock.ts';
import { cacheOutcomeOf } from '../fetch/cache-outcome.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { CacheInterceptor } from './create-cache-interceptor.ts';
import { createCacheInterceptor } from './create-cache-interceptor.ts';
import { type GotCache, gotCache } from './got-cache.ts';

let origin: SimpleOrigin;
let answer: Record<string, string>;
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  answer = { 'Cache-Control': 'max-age=60' };
  origin = await startOrigin(
    (_, response) => void response.writeHead(200, answer).end(`answer ${origin.asked.length}`),
  );
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await origin.close();
});

type Options = Partial<Parameters<typeof createCacheInterceptor>[0]>;
const optionsWith = (options: Options) => ({
  services: { api: { origin: origin.url } },
  env: {},
  ...options,
});

async function open(options: Options = {}): Promise<CacheInterceptor> {
  const interceptor = await createCacheInterceptor(optionsWith(options));
  opened.push(interceptor);
  return interceptor;
}

async function openGot(options: Options = {}): Promise<GotCache> {
  const cached = await gotCache(optionsWith(options));
  opened.push(cached);
  return cached;
}

function askerBy(interceptor: CacheInterceptor) {
  const dispatcher = new Agent().compose(interceptor);
  opened.push(dispatcher);
  return async (target: string, options: object = {}) => {
    const response = await request(origin.url + target, { dispatcher, ...options });
    return { content: await response.body.text(), outcome: cacheOutcomeOf(response) };
  };
}

describe('createCacheInterceptor', () => {
  it('is composed with a dispatcher, and tells how a response came about', async () => {
    const ask = askerBy(await open());
    expect(await ask('/a')).toEqual({
      content: 'answer 1',
      outcome: { hit: false, fwd: 'uri-miss', fwdStatus: 200, stored: true },
    });
    expect(await ask('/a')).toMatchObject({ content: 'answer 1', outcome: { hit: true } });
  });

  it('drops what has a tag, and counts', async () => {
    const interceptor = await open();
    const ask = askerBy(interceptor);
    await ask('/a', { cachegate: { tags: ['mine'] } });
    await expect.poll(async () => (await ask('/a')).outcome?.hit).toBe(true);
    expect(await interceptor.invalidate('mine')).toBe(1);
    expect(await ask('/a')).toMatchObject({ content: 'answer 2' });
    expect(interceptor.getStats()).toMatchObject({ per_service: { api: { total_misses: 2 } } });
  });

  it('keeps what is private to itself', async () => {
    answer = { 'Cache-Control': 'private, max-age=60' };
    const shared = askerBy(await open());
    for (const content of ['answer 1', 'answer 2']) expect(await shared('/a')).toMatchObject({ content });
    const own = askerBy(await open({ type: 'private' }));
    for (let i = 0; i < 2; i++) expect(await own('/a')).toMatchObject({ content: 'answer 3' });
  });

  it('takes the origin of a Pool', async () => {
    const interceptor = await open({ origin: origin.url } as Options);
    const pool = new Pool(origin.url);
    const composed = pool.compose(interceptor);
    opened.push(pool);
    for (let i = 0; i < 2; i++) {
      const { body } = await composed.request({ path: '/a', method: 'GET' } as never);
      expect(await body.text()).toBe('answer 1');
    }
  });

  it('refuses invalid options', async () => {
    await expect(createCacheInterceptor({ type: 'public' as never })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
    });
    // By JavaScript, which knows no types: none at all is no fault.
    await (await createCacheInterceptor()).close();
  });
});

describe('gotCache', () => {
  it('shares a store with undici', async () => {
    const store = createMemoryStore({ maxBytes: 1024 * 1024, clock });
    const interceptor = await open({ store });
    const ask = askerBy(interceptor);
    const api = got.extend({ prefixUrl: origin.url, request: await openGot({ store }) });
    expect(await ask('/a')).toMatchObject({ content: 'answer 1' });
    await interceptor.close();
    const response = await api('a');
    expect(response).toMatchObject({ body: 'answer 1', isFromCache: true });
    expect(cacheOutcomeOf(response)).toMatchObject({ hit: true });
  });
});
