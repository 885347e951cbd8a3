import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore, type FaultyStore } from '../testing/faulty-store.ts';
import type { CacheRequest } from './cache-request.ts';
import { createPendingDrops, type PendingDrops } from './pending-drops.ts';

const keys = createStoreKeys('', 'secret');
const AWAY = new CachegateError('ERR_STORE_UNAVAILABLE', 'away');
const baseOf = (target: string, service = 'api') => keys.response(service, target);

function requestFor(target: string, other: Partial<CacheRequest> = {}): CacheRequest {
  const known = { service: 'api', key: baseOf(target), targetKey: null, hasSeveralKeys: false };
  return { ...known, correlationId: () => 'c', ...other } as CacheRequest;
}

let store: FaultyStore;
let drops: PendingDrops;
let told: string[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  store = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000 }));
  told = [];
  drops = createPendingDrops({ store, keys, max: 3, observer: { storeFailed: (part) => told.push(part) } });
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
});

async function keep(base: string, tags: readonly string[] = []): Promise<void> {
  const service = base.includes('{other:') ? 'other' : 'api';
  const all = [keys.serviceTag(service, base), ...tags];
  await store.set(base, Buffer.from('x'), 60_000, { group: base, tags: all });
}

const isThere = async (base: string) => (await store.get([base]))[0] !== null;
/** Long enough for an attempt, and the next. */
const later = () => vi.advanceTimersByTimeAsync(5_000);

describe('what has become invalid', () => {
  it('is dropped at once', async () => {
    await keep(baseOf('/a'));
    await drops.drop(requestFor('/a'), [baseOf('/a')]);
    expect([await isThere(baseOf('/a')), drops.covers(requestFor('/a')), told]).toEqual([false, false, []]);
  });

  it('takes what is keyed by content along', async () => {
    const query = keys.response('api', 'QUERY /a');
    await keep(query, [keys.targetTag(baseOf('/a'))]);
    await drops.drop(requestFor('/a'), [baseOf('/a')]);
    expect(await isThere(query)).toBe(true);
    await drops.drop(requestFor('/a', { hasSeveralKeys: true }), [baseOf('/a')]);
    expect(await isThere(query)).toBe(false);
  });
});

describe('while the store is away', () => {
  beforeEach(() => store.fail(AWAY));

  it('is remembered, neither used nor stored, and dropped as soon as the store is back', async () => {
    store.heal();
    await keep(baseOf('/a'));
    await keep(baseOf('/b'));
    store.fail(AWAY);
    await drops.drop(requestFor('/a', { hasSeveralKeys: true }), [baseOf('/a')]);
    expect(told).toEqual(['response cache']);
    const keyed = requestFor('/x', { targetKey: baseOf('/a') });
    expect([drops.covers(requestFor('/a')), drops.covers(keyed)]).toEqual([true, true]);
    expect(drops.covers(requestFor('/b'))).toBe(false);
    await later();
    expect(drops.covers(requestFor('/a'))).toBe(true);
    store.heal();
    await later();
    expect(drops.covers(requestFor('/a'))).toBe(false);
    expect([await isThere(baseOf('/a')), await isThere(baseOf('/b'))]).toEqual([false, true]);
  });

  it('is remembered by its service when there is too much of it', async () => {
    store.heal();
    const other = keys.response('other', '/');
    await keep(baseOf('/z'));
    await keep(other);
    store.fail(AWAY);
    for (const target of ['/1', '/2', '/3', '/4']) await drops.drop(requestFor(target), [baseOf(target)]);
    expect(drops.covers(requestFor('/z'))).toBe(true);
    expect(drops.covers(requestFor('/', { service: 'other', key: other }))).toBe(false);
    store.heal();
    await later();
    expect(drops.covers(requestFor('/z'))).toBe(false);
    expect([await isThere(baseOf('/z')), await isThere(other)]).toEqual([false, true]);
  });

  it('is given up when the store is closed', async () => {
    await drops.drop(requestFor('/a'), [baseOf('/a')]);
    store.heal();
    await store.close();
    await later();
    expect([drops.covers(requestFor('/a')), vi.getTimerCount()]).toEqual([false, 0]);
  });
});

describe('where no timer may be set', () => {
  it('is told to the store again by a request that comes later, behind its answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const works: Promise<unknown>[] = [];
    const background = {
      ...{ settle: async () => true, underWay: () => null },
      run: (work: () => Promise<unknown>) => works.push(work()) > 0,
    };
    drops = createPendingDrops({ store, keys, background, observer: {} });
    await keep(baseOf('/a'));
    store.fail(AWAY);
    await drops.drop(requestFor('/a'), [baseOf('/a')]);
    const asked = async () => {
      const covered = drops.covers(requestFor('/a'));
      await Promise.all(works);
      return [covered, works.length];
    };
    expect(vi.getTimerCount()).toBe(0);
    expect(await asked()).toEqual([true, 0]);
    vi.advanceTimersByTime(5_000);
    expect(await asked()).toEqual([true, 1]);
    expect(await asked()).toEqual([true, 1]);
    store.heal();
    vi.advanceTimersByTime(5_000);
    expect(await asked()).toEqual([true, 2]);
    expect([await asked(), await isThere(baseOf('/a')), vi.getTimerCount()]).toEqual([[false, 2], false, 0]);
  });
});
