import { expect, it } from 'vitest';
import { storeOfEnvironment } from './environment-store.ts';

const KV = { KV_REST_API_URL: 'https://kv.test', KV_REST_API_TOKEN: 'token' };
const UPSTASH = { UPSTASH_REDIS_REST_URL: 'https://kv.test', UPSTASH_REDIS_REST_TOKEN: 'token' };

it.each([
  [{}, 'memory:'],
  [{ CACHE_URL: '' }, 'memory:'],
  [{ REDIS_URL: 'redis://a.test', ...KV }, 'redis://a.test'],
  [{ REDIS_URL: 'redis://a.test', CACHE_URL: 'redis://b.test' }, 'redis://b.test'],
  [{ CACHE_URL: 'lmdb:cache' }, 'lmdb:/app/cache'],
  [{ CACHE_URL: 'none:', ...KV }, 'none:'],
  [KV, 'kv-rest:'],
  [UPSTASH, 'kv-rest:'],
])('of %j it is %s', (env, store) => {
  expect(storeOfEnvironment(env, '/app')).toBe(store);
});

it('says what of a KV service is missing', () => {
  const wrong = () => storeOfEnvironment({ KV_REST_API_URL: 'https://kv.test' }, '/app');
  expect(wrong).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringContaining('KV_REST_API_TOKEN'),
    }),
  );
});
