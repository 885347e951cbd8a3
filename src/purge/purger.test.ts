import { beforeEach, describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import type { PurgeDone } from '../observe/observer.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore, type FaultyStore } from '../testing/faulty-store.ts';
import type { PurgeTargets } from './purge-plan.ts';
import type { PurgeRequest } from './purge-request.ts';
import { createPurger, type Purger } from './purger.ts';

const NOW = 1_800_000_000_000;
const keys = {
  tag: (name: string) => `tag:{${name}}`,
  serviceTags: (service: string) => Array.from({ length: 20 }, (_, i) => `tag:{of ${service} ${i}}`),
};
const targets: PurgeTargets = {
  at: (url) =>
    url === '/nowhere' ? null : { service: 'api', bases: [`response:{${url}}`], tags: [`tag:{to ${url}}`] },
  hasService: (name) => name === 'api',
};
const asked = { correlationId: () => 'id' };

let store: FaultyStore;
let purger: Purger;
let told: PurgeDone[];
let failures: string[];
beforeEach(() => {
  store = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000 }));
  told = [];
  failures = [];
  const observer = {
    purged: (done: PurgeDone) => void told.push(done),
    purgeFailed: (_: unknown, error: CachegateError) => void failures.push(error.code),
  };
  purger = createPurger({ store, keys, targets, clock: { now: () => NOW }, observer });
});

const bytes = Buffer.alloc(20);
const keep = (base: string, tags: readonly string[] = []) =>
  store.set(base, bytes, 60_000, { group: base, tags });
const kept = async (...bases: string[]) => (await store.get(bases)).map((value) => value !== null);
const purge = (request: PurgeRequest) => purger.purge(request, asked);

describe('a purge', () => {
  it('by URL takes the resource and what is keyed by content', async () => {
    await keep('response:{/a}');
    await store.set('response:{/a}:variant', bytes, 60_000, { group: 'response:{/a}' });
    await keep('response:{post}', ['tag:{to /a}']);
    await keep('response:{/b}');
    expect(await purge({ url: '/a' })).toEqual({ purged: 2 });
    expect(await kept('response:{/a}', 'response:{/a}:variant', 'response:{post}', 'response:{/b}')).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(await purge({ url: '/a' })).toEqual({ purged: 0 });
  });

  it('by tags takes what has all of them', async () => {
    await keep('response:{1}', ['tag:{a}', 'tag:{b}']);
    await keep('response:{2}', ['tag:{a}']);
    expect(await purge({ tags: ['a', 'b'] })).toEqual({ purged: 1 });
    expect(await kept('response:{1}', 'response:{2}')).toEqual([false, true]);
  });

  it('by service takes every part of its index', async () => {
    for (let i = 0; i < 20; i++) await keep(`response:{${i}}`, [`tag:{of api ${i}}`]);
    expect(await purge({ service: 'api' })).toEqual({ purged: 20 });
  });

  it('that is soft marks with the time', async () => {
    await keep('response:{/a}');
    expect(await purge({ url: '/a', mode: 'soft' })).toEqual({ purged: 1 });
    const [value] = await store.get(['response:{/a}']);
    expect(value!.bytes.readUIntBE(3, 6)).toBe(NOW);
  });

  it('waits for the others only where that is asked', async () => {
    await purge({ url: '/a' });
    expect(store.calls.confirmed).toBe(0);
    await purge({ url: '/a', wait: true });
    expect(store.calls.confirmed).toBe(1);
  });

  it('is told', async () => {
    await keep('response:{/a}');
    await purge({ url: '/a', wait: true });
    const done = { by: 'url', names: ['/a'], mode: 'hard', wait: true, purged: 1, durationMs: 0 };
    expect(told).toEqual([done]);
  });

  it.each<[PurgeRequest, string]>([
    [{ url: '/nowhere' }, 'ERR_PURGE_NO_SERVICE'],
    [{ service: 'other' }, 'ERR_PURGE_NO_SERVICE'],
    [{ tags: [] }, 'ERR_PURGE_INVALID'],
  ])('%j is refused', async (request, code) => {
    await expect(purge(request)).rejects.toMatchObject({ code });
    expect(store.calls.drop + store.calls.dropTagged).toBe(0);
    expect(told).toEqual([]);
  });

  it.each(['drop', 'dropTagged', 'confirmed'] as const)('is incomplete when %s fails', async (call) => {
    store.fail(new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout'), [call]);
    await expect(purge({ url: '/a', wait: true })).rejects.toMatchObject({
      code: 'ERR_PURGE_INCOMPLETE',
      cause: { code: 'ERR_STORE_TIMEOUT' },
    });
    expect(failures).toEqual(['ERR_STORE_TIMEOUT']);
    expect(told).toEqual([]);
  });

  it('goes on when a part of the store fails', async () => {
    await keep('response:{/a}');
    store.fail(new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout'), ['dropTagged']);
    await expect(purge({ url: '/a' })).rejects.toMatchObject({ code: 'ERR_PURGE_INCOMPLETE' });
    await expect(purge({ service: 'api' })).rejects.toMatchObject({ code: 'ERR_PURGE_INCOMPLETE' });
    expect(store.calls.dropTagged).toBe(1 + keys.serviceTags('api').length);
    expect(await kept('response:{/a}')).toEqual([false]);
  });

  it('finds nothing where nothing is stored', async () => {
    const without = createPurger({ store: null, keys, targets, clock: { now: () => NOW }, observer: {} });
    expect(await without.purge({ service: 'api', wait: true }, asked)).toEqual({ purged: 0 });
    await expect(without.purge({ url: '/nowhere' }, asked)).rejects.toMatchObject({
      code: 'ERR_PURGE_NO_SERVICE',
    });
  });
});
