import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { FunctionCache } from './cached-function.ts';
import { createFunctionCache, type FunctionCacheOptions } from './create-function-cache.ts';

const KEEPER = Symbol.for('@vercel/request-context');
const kept = globalThis as Record<symbol, unknown>;
const caches: FunctionCache[] = [];

afterEach(async () => {
  delete kept[KEEPER];
  for (const cache of caches.splice(0)) await cache.close();
});

function open(options: FunctionCacheOptions) {
  const store = createMemoryStore({ maxBytes: 1_000_000, clock: systemClock });
  const cache = createFunctionCache({ store, env: {}, log: null, ...options });
  caches.push(cache);
  return cache.cached(async (id: number) => ({ id }), { name: 'f', ttl: 60 });
}

/** A request of Vercel's, as its runtime shows it to the code in it. */
function inRequest() {
  const works: Promise<unknown>[] = [];
  const context = {
    works,
    waitUntil(work: Promise<unknown>) {
      this.works.push(work);
    },
  };
  return { works, get: () => context };
}

describe('a cache of functions on Vercel', () => {
  it.each([
    ['the runtime', {}],
    ['the environment', { VERCEL: '1' }],
  ])('that %s tells of has the platform wait for what is being stored', async (name, env) => {
    const [first, second] = [inRequest(), inRequest()];
    // The environment is there when the function is loaded, and the request only with the call.
    if (name === 'the runtime') kept[KEEPER] = first;
    const fn = open({ env });
    kept[KEEPER] = first;
    await fn(1);
    kept[KEEPER] = second;
    await fn(2);
    expect([first.works.length > 0, second.works.length > 0]).toEqual([true, true]);
    await Promise.all([...first.works, ...second.works]);
  });

  it.each([undefined, {}, { get: () => undefined }, { get: () => ({}) }])(
    'answers outside of a request too: %j',
    async (keeper) => {
      kept[KEEPER] = keeper;
      expect(await open({ env: { VERCEL: '1' } })(1)).toEqual({ id: 1 });
    },
  );

  it('tells whom it was told to, and not the platform', async () => {
    const request = inRequest();
    kept[KEEPER] = request;
    const works: unknown[] = [];
    await open({ waitUntil: (work) => void works.push(work) })(1);
    expect([works.length > 0, request.works]).toEqual([true, []]);
  });

  it.each<[string, () => void]>([
    [
      'at once',
      () => {
        throw new Error('no');
      },
    ],
    ['later', () => Promise.reject(new Error('no')) as never],
  ])('answers where the platform takes nothing more, which it says %s', async (_, waitUntil) => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      expect(await open({ waitUntil })(1)).toEqual({ id: 1 });
      await turn();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});
