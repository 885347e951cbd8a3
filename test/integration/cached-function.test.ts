import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { FunctionCache } from '../../src/function-cache/cached-function.ts';
import {
  createFunctionCache,
  type FunctionCacheOptions,
} from '../../src/function-cache/create-function-cache.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { startFunctionProcess } from '../support/function-process.ts';
import { startKvRestFront } from '../support/kv-rest-front.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const PATIENT = { timeout: 10_000 };
const MINUTE = { name: 'f', ttl: 60 };

let valkey: ValkeyServer;
const caches: FunctionCache[] = [];

beforeAll(async () => {
  valkey = await startValkeyServer();
});
afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close();
});
afterAll(() => valkey.stop());

function open(options: FunctionCacheOptions) {
  const failures: string[] = [];
  const observer = {
    storeFailed: (operation: string, { code }: { code: string }) => failures.push(`${operation} ${code}`),
  };
  const cache = createFunctionCache({ env: {}, log: null, observer, ...options });
  caches.push(cache);
  return { ...cache, failures };
}

function counting() {
  let times = 0;
  return async (_id: number): Promise<{ times: number; at: Date }> => {
    times += 1;
    return { times, at: new Date(0) };
  };
}

const made = (times: number) => ({ times, at: new Date(0) });

describe('cached functions of four processes on one Valkey', () => {
  it('are carried out once under a thousand calls at the same time', async () => {
    const processes = Array.from({ length: 4 }, () => startFunctionProcess({ CACHE_URL: valkey.url }));
    try {
      // None of them meets its first call by the hundred.
      await Promise.all(processes.map((each) => each.call(1, { from: -1, keys: 1, tookMs: 0 })));
      for (const [from, keys] of [
        [0, 1],
        [1_000, 50],
      ] as const) {
        const counts = await Promise.all(
          processes.map((each) => each.call(250, { from, keys, tookMs: 300 })),
        );
        expect(counts.map(({ right, distinct }) => [right, distinct])).toEqual(Array(4).fill([250, 250]));
        expect(counts.reduce((sum, { executions }) => sum + executions, 0)).toBe(keys);
      }
    } finally {
      await Promise.all(processes.map((each) => each.close()));
    }
  });
});

describe('a cached function', () => {
  it.each([
    ['an address', () => ({ store: valkey.url })],
    ['the environment', () => ({ env: { REDIS_URL: 'redis://127.0.0.1:1', CACHE_URL: valkey.url } })],
  ])('has its results in the store that %s names, for all', async (_name, options) => {
    const name = `shared:${_name.replaceAll(' ', '-')}`;
    const fn = counting();
    const [a, b] = [open(options()), open(options())];
    const [ofA, ofB] = [a, b].map(({ cached }) => cached(fn, { name, ttl: 60, tags: ['shared'] }));
    expect(await ofA!(1)).toEqual(made(1));
    await expect.poll(() => ofB!(1), PATIENT).toEqual(made(1));
    await b.invalidate('shared');
    await expect.poll(() => ofA!(1), PATIENT).not.toEqual(made(1));
    expect(a.failures).toEqual([]);
  });

  it('has its results in a store that is open, and leaves it so', async () => {
    const store = createValkeyStore({ url: valkey.url });
    await store.ping();
    const cache = open({ store });
    const fn = cache.cached(counting(), { ...MINUTE, name: 'lent' });
    expect(await fn(1)).toEqual(made(1));
    await cache.close();
    expect(await store.get([fn.key(1)])).toEqual([expect.objectContaining({ bytes: expect.any(Buffer) })]);
    expect(await fn(1)).toEqual(made(2));
    await store.close();
  });

  it('listens to a store that it was lent no longer than it is open', async () => {
    const store = createMemoryStore({ maxBytes: 1_000_000, clock: systemClock });
    let listening = 0;
    const listen: Store['listen'] = (listener) => {
      const stop = store.listen(listener);
      listening += 1;
      return () => {
        listening -= 1;
        stop();
      };
    };
    const cache = open({ store: { ...store, listen } });
    await cache.cached(counting(), MINUTE)(1);
    expect(listening).toBeGreaterThan(0);
    await cache.close();
    expect(listening).toBe(0);
  });

  it('has its results in the KV service that the environment names', async () => {
    const front = await startKvRestFront(valkey.url);
    const env = { KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token };
    const fn = counting();
    const ofA = open({ env }).cached(fn, { ...MINUTE, name: 'kv' });
    const ofB = open({ env }).cached(fn, { ...MINUTE, name: 'kv' });
    expect(await ofA(1)).toEqual(made(1));
    await expect.poll(() => ofB(1), PATIENT).toEqual(made(1));
    for (const cache of caches.splice(0)) await cache.close();
    await front.close();
  });

  it('is carried out where its environment is wrong, and says so', async () => {
    const { cached, failures, invalidate } = open({ env: { KV_REST_API_URL: 'https://kv.test' } });
    const fn = cached(counting(), MINUTE);
    expect([await fn(1), await fn(1)]).toEqual([made(1), made(2)]);
    expect(failures).toEqual(['open ERR_CONFIG_INVALID']);
    await expect(invalidate('a')).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' });
    const wrong = [
      { store: 'mysql://a' },
      { store_timeout_ms: 0 },
      { memory_limit_mib: Number.NaN },
      { stor: 'memory:' },
    ];
    for (const options of wrong) {
      expect(() => createFunctionCache(options)).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
      );
    }
  });

  it('is carried out where nothing is to be stored', async () => {
    const { cached, invalidate } = open({ store: 'none:' });
    const fn = cached(counting(), MINUTE);
    expect([await fn(1), await fn(1)]).toEqual([made(1), made(2)]);
    expect([await fn.invalidate(1), await invalidate('a')]).toEqual([false, 0]);
  });

  it('tells the platform what is to be waited for', async () => {
    const work: Promise<unknown>[] = [];
    const waitUntil = (each: Promise<unknown>) => void work.push(each);
    const { cached } = open({ store: valkey.url, waitUntil });
    const fn = cached(counting(), { ...MINUTE, name: 'waited' });
    await fn(1);
    await Promise.all(work);
    expect(await open({ store: valkey.url }).cached(counting(), { ...MINUTE, name: 'waited' })(1)).toEqual(
      made(1),
    );
  });

  it('tells the platform of a lease that is given back behind an answer', async () => {
    const front = await startKvRestFront(valkey.url);
    const env = { KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token };
    const work: Promise<unknown>[] = [];
    const { cached } = open({ env, waitUntil: (each) => void work.push(each) });
    expect(await cached(async () => null, { ...MINUTE, name: 'nothing' })()).toBeNull();
    expect(work).toHaveLength(1);
    await Promise.all(work);
    await caches.splice(0)[0]!.close();
    await front.close();
  });
});

describe('where the store goes away', () => {
  let own: ValkeyServer;
  beforeAll(async () => {
    own = await startValkeyServer();
  });
  afterAll(() => own.stop());

  it('a function is carried out, waits for the store once at most, and is cached again when it is back', async () => {
    const { cached, failures } = open({ store: own.url });
    const fn = cached(counting(), MINUTE);
    expect(await fn(1)).toEqual(made(1));
    await expect.poll(() => fn(1), PATIENT).toEqual(made(1));
    failures.length = 0;
    own.freeze();
    // Copies of this process are no answer to what it has not asked for yet.
    expect(await fn(2)).toMatchObject({ times: expect.any(Number) });
    // What is still being stored of the first may fail too.
    expect(failures.filter((each) => each.startsWith('read'))).toEqual(['read ERR_STORE_TIMEOUT']);
    own.thaw();
    await own.kill();
    const results = await Promise.all(Array.from({ length: 50 }, (_, id) => fn(100 + id)));
    expect(new Set(results.map(({ times }) => times)).size).toBe(50);
    await own.restart();
    await expect
      .poll(async () => {
        const { times } = await fn(3);
        return (await fn(3)).times === times;
      }, PATIENT)
      .toBe(true);
  });

  it('a function whose store was never there is carried out', async () => {
    const { cached } = open({ store: 'redis://127.0.0.1:1' });
    const fn = cached(counting(), MINUTE);
    expect(await Promise.all([fn(1), fn(2)])).toHaveLength(2);
    expect(await fn(3)).toEqual(made(3));
  });
});
