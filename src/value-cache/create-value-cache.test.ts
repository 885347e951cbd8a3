import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createBackground } from '../background.ts';
import { CachegateError } from '../errors.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createValueCache } from './create-value-cache.ts';

afterEach(() => {
  vi.useRealTimers();
});

const keys = createStoreKeys('', 'secret');
const MINUTE = { ttlSeconds: 60 };
const away = new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused');

function setUp() {
  const clock = createManualClock();
  const memory = createMemoryStore({ maxBytes: 1_000_000, clock });
  const store = createFaultyStore(memory);
  const background = createBackground(100, () => {});
  const told: string[] = [];
  const lookedUp: string[] = [];
  const cache = createValueCache({
    ...{ store, keys, background },
    observer: {
      valueLookedUp: (name, hit) => lookedUp.push(`${name} ${hit ? 'hit' : 'miss'}`),
      storeFailed: (part, operation, error, request) =>
        told.push(`${part} ${operation} ${error.code} ${request.correlationId().length}`),
    },
  });
  return { clock, memory, store, cache, told, lookedUp, settle: () => background.settle(1_000) };
}

/** What is made when it is told to. */
function making<T>() {
  const asked: { resolve(value: T): void; reject(error: Error): void }[] = [];
  return { asked, make: () => new Promise<T>((resolve, reject) => asked.push({ resolve, reject })) };
}

describe('the value cache', () => {
  it('keeps a value for its time', async () => {
    const { cache, clock } = setUp();
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.set('a', { n: [1] }, { ttlSeconds: 1.5 })).toBe(true);
    expect(await cache.get('a')).toEqual({ n: [1] });
    clock.advance(1_499);
    expect(await cache.get('a')).toEqual({ n: [1] });
    clock.advance(1);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('gives each caller a value of its own', async () => {
    const { cache } = setUp();
    await cache.set('a', { n: 1 }, MINUTE);
    const found = await cache.get<{ n: number }>('a');
    found!.n = 2;
    expect(await cache.get('a')).toEqual({ n: 1 });
  });

  it('deletes, and says whether there was anything', async () => {
    const { cache } = setUp();
    await cache.set('a', 1, MINUTE);
    expect([await cache.delete('a'), await cache.delete('a')]).toEqual([true, false]);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('tells what was there and what was not', async () => {
    const { cache, store, lookedUp } = setUp();
    await cache.get('a');
    await cache.remember('a', MINUTE, async () => 1);
    await cache.set('b', 2, MINUTE);
    await cache.remember('b', MINUTE, async () => 3);
    await cache.get('b');
    store.fail(away);
    await cache.get('b');
    expect(lookedUp).toEqual([
      ...['values miss', 'values miss'],
      ...['values hit', 'values hit'],
      'values miss',
    ]);
  });

  it('has all values in an index of their own, spread over its parts however alike their keys are', async () => {
    const { cache, memory, settle } = setUp();
    for (let i = 0; i < 100; i += 1) await cache.set(`anime:${i}`, i, { ...MINUTE, tags: ['anime'] });
    await cache.remember('a key with spaces', MINUTE, async () => 1);
    await settle();
    const parts = keys.serviceTags('values');
    const { entries } = await memory.usage(parts, 10);
    expect(entries).toBe(101);
    const sizes = await Promise.all(parts.map(async (tag) => (await memory.usage([tag], 1)).entries));
    expect(sizes.filter((size) => size > 0).length).toBeGreaterThan(20);
    expect(await cache.invalidate('anime')).toBe(100);
    expect((await memory.usage(parts, 10)).entries).toBe(1);
  });

  it('keeps neither undefined nor null, nor what they take the place of', async () => {
    const { cache } = setUp();
    for (const nothing of [undefined, null]) {
      await cache.set('a', 1, MINUTE);
      expect(await cache.set('a', nothing, MINUTE)).toBe(false);
      expect(await cache.get('a')).toBeUndefined();
    }
  });

  it('deletes what has all of some tags', async () => {
    const { cache } = setUp();
    await cache.set('a', 1, { ...MINUTE, tags: ['user:1', 'news'] });
    await cache.set('b', 2, { ...MINUTE, tags: ['news'] });
    await cache.remember('c', { ...MINUTE, tags: ['news', 'a tag with spaces'] }, async () => 3);
    expect(await cache.invalidate('user:1', 'news')).toBe(1);
    expect([await cache.get('a'), await cache.get('b')]).toEqual([undefined, 2]);
    expect(await cache.invalidate('a tag with spaces')).toBe(1);
    expect(await cache.invalidate('news')).toBe(1);
    expect([await cache.get('b'), await cache.get('c')]).toEqual([undefined, undefined]);
  });

  it('has nothing under a key that a soft purge of a shared tag has marked, and fills it again', async () => {
    const { cache, memory, clock, settle } = setUp();
    await cache.set('a', 1, { ...MINUTE, tags: ['news'] });
    await memory.dropTagged([keys.tag('news')], { markedAt: clock.now() });
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.remember('a', MINUTE, async () => 2)).toBe(2);
    await settle();
    expect(await cache.get('a')).toBe(2);
  });

  it.each([
    ['an empty key', '', 'ERR_CACHE_KEY'],
    ['a key that is too long', 'x'.repeat(1_025), 'ERR_CACHE_KEY'],
    ['half a character', '\ud800', 'ERR_CACHE_KEY'],
    ['no text', 7 as never, 'ERR_CACHE_KEY'],
  ])('refuses %s', async (_name, key, code) => {
    const { cache } = setUp();
    for (const call of [
      () => cache.get(key),
      () => cache.set(key, 1, MINUTE),
      () => cache.delete(key),
      () => cache.remember(key, MINUTE, async () => 1),
      () => cache.set('a', 1, { ...MINUTE, tags: [key] }),
      () => cache.invalidate(key),
    ]) {
      await expect(call()).rejects.toMatchObject({ code });
    }
  });

  it.each([
    ['no list', 'news' as never],
    ['more than a command should have', Array.from({ length: 1_025 }, (_, i) => `${i}`)],
  ])('refuses tags that are %s', async (_name, tags) => {
    const { cache } = setUp();
    await expect(cache.set('a', 1, { ...MINUTE, tags })).rejects.toMatchObject({ code: 'ERR_CACHE_KEY' });
    const made = cache.remember('a', { ...MINUTE, tags }, async () => 1);
    await expect(made).rejects.toMatchObject({ code: 'ERR_CACHE_KEY' });
  });

  it.each([0, -1, Number.NaN, 31_536_001, '60' as never])(
    'refuses to keep for %s seconds',
    async (ttlSeconds) => {
      const { cache } = setUp();
      await expect(cache.set('a', 1, { ttlSeconds })).rejects.toMatchObject({ code: 'ERR_CACHE_VALUE' });
    },
  );

  it('refuses what JSON can not carry, made or given', async () => {
    const { cache } = setUp();
    const made = cache.remember('a', MINUTE, async () => new Date());
    await expect(made).rejects.toMatchObject({ code: 'ERR_CACHE_VALUE' });
    await expect(cache.set('a', () => 1, MINUTE)).rejects.toMatchObject({ code: 'ERR_CACHE_VALUE' });
  });
});

describe('remember', () => {
  it('makes a value once for all who ask at the same time, and one of its own for each', async () => {
    const { cache, settle } = setUp();
    const { asked, make } = making<{ n: number }>();
    const all = [1, 2, 3].map(() => cache.remember('a', MINUTE, make));
    await turn();
    expect(asked).toHaveLength(1);
    asked[0]!.resolve({ n: 1 });
    const values = await Promise.all(all);
    expect(values).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    expect(new Set(values).size).toBe(3);
    await settle();
    expect(await cache.remember('a', MINUTE, make)).toEqual({ n: 1 });
    expect(asked).toHaveLength(1);
  });

  it('hands a failure on to all who wait, and makes it anew for the next', async () => {
    const { cache } = setUp();
    const { asked, make } = making<number>();
    const all = [cache.remember('a', MINUTE, make), cache.remember('a', MINUTE, make)];
    await turn();
    asked[0]!.reject(new Error('no database'));
    for (const each of await Promise.allSettled(all)) {
      expect(each).toMatchObject({ status: 'rejected', reason: { message: 'no database' } });
    }
    expect(await cache.remember('a', MINUTE, async () => 2)).toBe(2);
  });

  it('takes a failure that is thrown, and not promised', async () => {
    const { cache, store } = setUp();
    const make = () => {
      throw new Error('at once');
    };
    await expect(cache.remember('a', MINUTE, make)).rejects.toThrow('at once');
    store.fail(away);
    await expect(cache.remember('a', MINUTE, make)).rejects.toThrow('at once');
    expect(await cache.remember('a', MINUTE, async () => 1)).toBe(1);
  });

  it.each([undefined, null])('hands %s on, and does not store it', async (nothing) => {
    const { cache, settle } = setUp();
    expect(await cache.remember('a', MINUTE, async () => nothing)).toBe(nothing);
    await settle();
    expect(await cache.remember('a', MINUTE, async () => 1)).toBe(1);
  });

  it('stores nothing that was begun before its key or one of its tags was dropped', async () => {
    const { cache, settle } = setUp();
    const { asked, make } = making<number>();
    for (const drop of [() => cache.delete('a'), () => cache.invalidate('news')]) {
      const old = cache.remember('a', { ...MINUTE, tags: ['news'] }, make);
      await turn();
      await drop();
      // Nor does who asks from now on wait for it.
      const next = cache.remember('a', MINUTE, async () => 2);
      asked.pop()!.resolve(1);
      expect([await old, await next]).toEqual([1, 2]);
      await settle();
      expect(await cache.get('a')).toBe(2);
      await cache.delete('a');
    }
  });

  it('has all who wait go on at once where what was made is too large for the store', async () => {
    const { store, cache: one } = setUp();
    const others = [1, 2].map(() =>
      createValueCache({ store, keys, background: createBackground(100, () => {}), observer: {} }),
    );
    const { asked, make } = making<number>();
    const first = one.remember('a', MINUTE, make);
    await turn();
    const waiting = others.map((cache) => cache.remember('a', MINUTE, make));
    await turn();
    expect(asked).toHaveLength(1);
    store.fail(new CachegateError('ERR_STORE_VALUE_TOO_LARGE', 'Too large'), ['set']);
    asked[0]!.resolve(1);
    expect(await first).toBe(1);
    await expect.poll(() => asked.length).toBe(3);
    for (const { resolve } of asked) resolve(2);
    expect(await Promise.all(waiting)).toEqual([2, 2]);
  });

  it('makes a value as well where another takes too long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { cache } = setUp();
    const { asked, make } = making<number>();
    const first = cache.remember('a', MINUTE, make);
    const second = cache.remember('a', MINUTE, async () => 2);
    await turn();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await second).toBe(2);
    asked[0]!.resolve(1);
    expect(await first).toBe(1);
  });

  it('lets nobody wait for what has taken too long already', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { cache } = setUp();
    const { asked, make } = making<number>();
    const stuck = cache.remember('a', MINUTE, make);
    await turn();
    const waiting = [2, 3].map((n) => cache.remember('a', MINUTE, async () => n));
    await vi.advanceTimersByTimeAsync(10_000);
    // One of them makes it for both, and for those who come after.
    expect(await Promise.all(waiting)).toEqual([2, 2]);
    expect(await cache.remember('a', MINUTE, async () => 4)).toBe(2);
    asked[0]!.resolve(1);
    expect(await stuck).toBe(1);
    expect(await cache.get('a')).toBe(2);
  });

  it('leaves what was set meanwhile as it is', async () => {
    const { cache, settle } = setUp();
    const { asked, make } = making<number>();
    const old = cache.remember('a', MINUTE, make);
    await turn();
    await cache.set('a', 2, MINUTE);
    asked[0]!.resolve(1);
    expect(await old).toBe(1);
    await settle();
    expect(await cache.get('a')).toBe(2);
  });
});

describe('while the store is away', () => {
  it('finds nothing, keeps nothing, and makes each value, once for all', async () => {
    const { cache, store, told } = setUp();
    await cache.set('a', 1, MINUTE);
    store.fail(away);
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.set('a', 2, MINUTE)).toBe(false);
    expect(await cache.delete('a')).toBe(false);
    const { asked, make } = making<number>();
    const all = [cache.remember('a', MINUTE, make), cache.remember('a', MINUTE, make)];
    await turn();
    expect(asked).toHaveLength(1);
    asked[0]!.resolve(3);
    expect(await Promise.all(all)).toEqual([3, 3]);
    const failed = (operation: string) => `value cache ${operation} ERR_STORE_UNAVAILABLE 36`;
    expect(told).toEqual(['read', 'write', 'write', 'read', 'read'].map(failed));
    // Only the deletion of many is of no use half done.
    await expect(cache.invalidate('news')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    store.heal();
    expect(await cache.get('a')).toBe(1);
  });

  it('hands on what was made where it takes reads alone', async () => {
    const { cache, store, told, settle } = setUp();
    store.fail(away, ['begin']);
    expect(await cache.remember('a', MINUTE, async () => 1)).toBe(1);
    store.fail(away, ['set']);
    expect(await cache.remember('a', MINUTE, async () => 2)).toBe(2);
    await settle();
    expect(told).toHaveLength(2);
    store.heal();
    expect(await cache.get('a')).toBeUndefined();
  });
});
