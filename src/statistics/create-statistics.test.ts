import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CachegateError } from '../errors.ts';
import type { AnsweredRequest } from '../observe/observer.ts';
import type { CacheOutcome } from '../observe/outcome.ts';
import { createRequestTiming } from '../observe/request-timing.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { Store } from '../store/store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createStatistics, NO_STATISTICS, type ObservedStatistics } from './create-statistics.ts';
import type { Stats } from './stats.ts';

// Several processes on one store are several statistics here.

const KEYS = createStoreKeys('', 'secret');
const AWAY = new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused');
const HIT: CacheOutcome = { hit: true };
const MISS: CacheOutcome = { hit: false, fwd: 'uri-miss' };
const DAY_MS = 86_400_000;
/** A flush, and what comes after it. */
const FLUSHED = 1_010;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(storage: 'memory' | 'redis' = 'redis') {
  const clock = createManualClock(Date.UTC(2024, 5, 1, 12, 30));
  const memory = createMemoryStore({ maxBytes: 10_000_000, clock });
  const store = createFaultyStore(memory);
  const failures: unknown[] = [];
  const start = (on: Store | null = store) =>
    createStatistics({
      ...{ store: on, keys: KEYS, clock, storage, sampleSize: 100 },
      services: () => ['api', 'other'],
      shownUrl: 'redis://store.test:6379/2',
      onFailure: (error) => failures.push(error),
    });
  return { clock, memory, store, failures, start };
}

function answer(to: ObservedStatistics, service: string, outcome: CacheOutcome, times = 1, target = '/a') {
  const request: AnsweredRequest = {
    ...{ method: 'GET', target, outcome, cacheKey: 'key' },
    ...{ timing: createRequestTiming(), correlationId: () => '1' },
  };
  for (let i = 0; i < times; i += 1) to.observer.requestAnswered!(service, 200, request);
}

async function complete(statistics: ObservedStatistics): Promise<Stats> {
  return (await statistics.getStatsAsync()) as Stats;
}

const hitsAndMisses = ({ total_hits, total_misses }: Stats) => [total_hits, total_misses];

/** The store, of which an answer is lost when it is asked to be: what was added is added. */
function losingAnswers(store: Store) {
  const asked: { losing: boolean; batches: number } = { losing: false, batches: 0 };
  const losing: Store = {
    ...store,
    async add(...args) {
      asked.batches += 1;
      await store.add(...args);
      if (asked.losing) throw AWAY;
    },
  };
  return { asked, losing };
}

describe.each(['memory', 'redis'] as const)('statistics kept in %s', (storage) => {
  it('tell ten hits and five misses of two services', async () => {
    const { start } = setUp(storage);
    const statistics = start();
    answer(statistics, 'api', HIT, 8);
    answer(statistics, 'api', MISS, 2);
    answer(statistics, 'other', HIT, 2);
    answer(statistics, 'other', MISS, 3);
    const stats = await complete(statistics);
    expect(stats).toEqual({
      enabled: true,
      storage_type: 'memory',
      statistics_storage: storage,
      redis_url: null,
      hit_rate: 0.667,
      total_hits: 10,
      total_misses: 5,
      total_requests: 15,
      total_entries: 0,
      cache_size_bytes: 0,
      cache_size_mb: 0,
      average_ttl_remaining: null,
      average_ttl_remaining_hours: null,
      per_service: {
        api: { hit_rate: 0.8, total_hits: 8, total_misses: 2 },
        other: { hit_rate: 0.4, total_hits: 2, total_misses: 3 },
      },
      sample: { size: 0, average_ttl_remaining: null, cache_size_bytes: null },
    });
    expect(statistics.getStats()).toEqual(stats);
    await statistics.close();
  });

  it('tell what the cache holds, values too, and nothing else', async () => {
    const { start, store } = setUp(storage);
    const statistics = start();
    expect((statistics.getStats() as Stats).total_entries).toBeNull();
    const keep = (key: string, tag: string, seconds: number) =>
      store.set(key, Buffer.alloc(1_000), seconds * 1000, { group: key, tags: [tag] });
    for (const [i, seconds] of [60, 120, 180].entries()) {
      const key = KEYS.response('api', `GET api /${i}`);
      await keep(key, KEYS.serviceTag('api', key), seconds);
    }
    await keep('value:{a}', KEYS.serviceTag('values', KEYS.response('values', 'a')), 240);
    await keep('another', KEYS.tag('news'), 100_000);
    const stats = await complete(statistics);
    expect(stats).toMatchObject({ total_entries: 4, average_ttl_remaining: 150 });
    expect(stats.cache_size_bytes).toBeGreaterThan(4_000);
    expect(stats.cache_size_bytes).toBeLessThan(8_000);
    const size = stats.cache_size_bytes!;
    expect(stats.sample).toEqual({
      size: 4,
      average_ttl_remaining: { value: 150, low: 150, high: 150 },
      cache_size_bytes: { value: size, low: size, high: size },
    });
    expect((statistics.getStats() as Stats).total_entries).toBe(4);
    expect(await statistics.held()).toMatchObject({ entries: 4, ttlSeconds: 150, limitBytes: 10_000_000 });
    await statistics.close();
  });

  it('ask what it holds once a second at most, however many want to know', async () => {
    const { start, store, clock } = setUp(storage);
    const statistics = start();
    await Promise.all(Array.from({ length: 10 }, () => statistics.getStatsAsync()));
    await statistics.held();
    await complete(statistics);
    expect(store.calls.usage).toBe(1);
    clock.advance(1_000);
    await Promise.all([statistics.held(), statistics.getStatsAsync()]);
    expect(store.calls.usage).toBe(2);
    await statistics.close();
  });

  it('tell the busiest targets of the last day', async () => {
    const { start, clock } = setUp(storage);
    const statistics = start();
    answer(statistics, 'api', HIT, 5, '/yesterday');
    clock.advance(10 * 3_600_000);
    await vi.advanceTimersByTimeAsync(10 * FLUSHED);
    answer(statistics, 'api', MISS, 3, '/today?q=a b');
    expect(await statistics.hottest(10)).toEqual([
      { service: 'api', target: '/yesterday', requests: 5 },
      { service: 'api', target: '/today?q=a b', requests: 3 },
    ]);
    await vi.advanceTimersByTimeAsync(10 * FLUSHED);
    answer(statistics, 'api', MISS, 4, '/today?q=a b');
    expect(await statistics.hottest(1)).toEqual([{ service: 'api', target: '/today?q=a b', requests: 7 }]);
    clock.advance(DAY_MS);
    await vi.advanceTimersByTimeAsync(10 * FLUSHED);
    clock.advance(3_600_000);
    expect(await statistics.hottest(10)).toEqual([{ service: 'api', target: '/today?q=a b', requests: 4 }]);
    await statistics.close();
  });
});

describe('statistics of this process', () => {
  it('ask the store for nothing but what it holds', async () => {
    const { start, store } = setUp('memory');
    const statistics = start();
    answer(statistics, 'api', HIT, 3);
    await vi.advanceTimersByTimeAsync(20 * FLUSHED);
    await complete(statistics);
    await statistics.close();
    expect(store.calls).toMatchObject({ add: 0, counters: 0, usage: 1 });
  });

  it('count without a store', async () => {
    const { start } = setUp('redis');
    const statistics = start(null);
    answer(statistics, 'api', MISS, 2);
    expect(await complete(statistics)).toMatchObject({
      ...{ storage_type: 'none', statistics_storage: 'memory', redis_url: null },
      ...{ total_misses: 2, total_entries: null, sample: null },
    });
    await statistics.close();
  });

  it('say that the store could not be asked', async () => {
    const { start, store, failures, clock } = setUp('memory');
    const statistics = start();
    await complete(statistics);
    store.fail(AWAY);
    clock.advance(5_000);
    answer(statistics, 'api', HIT);
    expect(await complete(statistics)).toMatchObject({
      ...{ total_hits: 1, total_entries: null, cache_size_bytes: null, sample: null },
    });
    expect(failures).toEqual([AWAY]);
    await statistics.close();
  });
});

describe('statistics of all processes', () => {
  it('add up, and stand after a restart', async () => {
    const { start } = setUp();
    const [a, b] = [start(), start()];
    answer(a, 'api', HIT, 7);
    answer(b, 'api', HIT, 3);
    answer(b, 'third', MISS, 5);
    await vi.advanceTimersByTimeAsync(FLUSHED);
    for (const each of [a, b]) {
      expect(await complete(each)).toMatchObject({
        ...{ hit_rate: 0.667, total_hits: 10, total_misses: 5, total_requests: 15 },
        per_service: { api: { total_hits: 10 }, other: { total_hits: 0 }, third: { total_misses: 5 } },
      });
    }
    expect(hitsAndMisses(b.getStats() as Stats)).toEqual([3, 5]);
    await Promise.all([a.close(), b.close()]);
    const again = start();
    expect(hitsAndMisses(again.getStats() as Stats)).toEqual([0, 0]);
    expect(hitsAndMisses(await complete(again))).toEqual([10, 5]);
    await again.close();
  });

  it('send what was counted within a second, and nothing where nothing was', async () => {
    const { start, store } = setUp();
    const [a, b] = [start(), start()];
    answer(a, 'api', HIT, 1_000);
    expect(store.calls.add).toBe(0);
    await vi.advanceTimersByTimeAsync(FLUSHED);
    expect(store.calls.add).toBe(1);
    expect(hitsAndMisses(await complete(b))).toEqual([1_000, 0]);
    await vi.advanceTimersByTimeAsync(60 * FLUSHED);
    // The second is that of the busiest targets.
    expect(store.calls.add).toBe(2);
    await Promise.all([a.close(), b.close()]);
    expect(store.calls.add).toBe(2);
  });

  it('send the last at the end, the busiest targets too', async () => {
    const { start } = setUp();
    const [a, b] = [start(), start()];
    answer(a, 'api', MISS, 4, '/busy');
    await a.close();
    expect(hitsAndMisses(await complete(b))).toEqual([0, 4]);
    expect(await b.hottest(5)).toEqual([{ service: 'api', target: '/busy', requests: 4 }]);
    await b.close();
  });

  it('count once what was sent twice for want of an answer', async () => {
    const { start, memory } = setUp();
    const { asked, losing } = losingAnswers(memory);
    const [a, b] = [start(losing), start()];
    asked.losing = true;
    answer(a, 'api', HIT, 5);
    await vi.advanceTimersByTimeAsync(FLUSHED);
    answer(a, 'api', MISS, 2);
    await vi.advanceTimersByTimeAsync(5 * FLUSHED);
    // Nothing newer goes before what may not have come.
    expect(hitsAndMisses(await complete(b))).toEqual([5, 0]);
    expect(asked.batches).toBeGreaterThan(3);
    asked.losing = false;
    await vi.advanceTimersByTimeAsync(FLUSHED);
    expect(hitsAndMisses(await complete(b))).toEqual([5, 2]);
    await a.close();
    expect(hitsAndMisses(await complete(b))).toEqual([5, 2]);
    expect(await b.hottest(1)).toEqual([{ service: 'api', target: '/a', requests: 7 }]);
    await b.close();
  });

  it('are those known here while the store is away, and are sent when it is back', async () => {
    const { start, store, failures, clock } = setUp();
    const [a, b] = [start(), start()];
    answer(a, 'api', HIT, 10);
    answer(b, 'api', HIT, 20);
    await vi.advanceTimersByTimeAsync(FLUSHED);
    expect(hitsAndMisses(await complete(a))).toEqual([30, 0]);
    store.fail(AWAY);
    clock.advance(2_000);
    answer(a, 'api', MISS, 5);
    await vi.advanceTimersByTimeAsync(30 * FLUSHED);
    answer(a, 'api', MISS, 1);
    expect(await complete(a)).toMatchObject({ total_hits: 30, total_misses: 6, total_entries: null });
    expect(await a.hottest(1)).toMatchObject([{ target: '/a', requests: 16 }]);
    // Once for what is sent, read and held, and for the busiest targets of each, however long it lasts.
    expect(failures).toEqual([AWAY, AWAY, AWAY, AWAY, AWAY]);
    store.heal();
    await vi.advanceTimersByTimeAsync(FLUSHED);
    expect(hitsAndMisses(await complete(b))).toEqual([30, 6]);
    await Promise.all([a.close(), b.close()]);
  });

  it('have what this process has counted while the store can be read only', async () => {
    const { start, store } = setUp();
    const [a, b] = [start(), start()];
    answer(a, 'api', HIT, 10);
    await vi.advanceTimersByTimeAsync(FLUSHED);
    store.fail(new CachegateError('ERR_STORE_UNWRITABLE', 'READONLY'), ['add']);
    answer(a, 'api', MISS, 5);
    await vi.advanceTimersByTimeAsync(5 * FLUSHED);
    answer(a, 'api', MISS, 2);
    expect(hitsAndMisses(await complete(a))).toEqual([10, 7]);
    expect(hitsAndMisses(await complete(b))).toEqual([10, 0]);
    store.fail(AWAY);
    expect(hitsAndMisses(await complete(a))).toEqual([10, 7]);
    store.heal();
    expect(hitsAndMisses(await complete(a))).toEqual([10, 7]);
    await vi.advanceTimersByTimeAsync(FLUSHED);
    expect(hitsAndMisses(await complete(b))).toEqual([10, 7]);
    await Promise.all([a.close(), b.close()]);
  });

  it('are never told twice of one batch that is on its way while they are read', async () => {
    const { start, memory } = setUp();
    const slow = createFaultyStore(memory);
    const a = start(slow);
    answer(a, 'api', HIT, 10);
    await vi.advanceTimersByTimeAsync(FLUSHED);
    slow.delay(FLUSHED / 2);
    const reads: number[] = [];
    for (let i = 1; i <= 20; i += 1) {
      answer(a, 'api', HIT);
      const reading = complete(a);
      await vi.advanceTimersByTimeAsync(377);
      answer(a, 'api', HIT);
      await vi.advanceTimersByTimeAsync(2_000);
      reads.push((await reading).total_hits - 2 * i);
    }
    expect(reads.filter((read) => read > 10 || read < 9)).toEqual([]);
    slow.heal();
    await a.close();
  });

  it('say once that they could not be read, though nothing is there to be sent', async () => {
    const { start, store, failures } = setUp();
    const statistics = start();
    await complete(statistics);
    store.fail(AWAY, ['counters']);
    for (let i = 0; i < 5; i += 1) {
      await complete(statistics);
      await vi.advanceTimersByTimeAsync(5 * FLUSHED);
    }
    expect(failures).toEqual([AWAY]);
    await statistics.close();
  });

  it('wait for a store that hangs behind the requests alone', async () => {
    const { start, store } = setUp();
    const statistics = start();
    store.hang();
    for (let second = 0; second < 100; second += 1) {
      answer(statistics, 'api', HIT, 10);
      await vi.advanceTimersByTimeAsync(FLUSHED);
    }
    expect(store.calls.add).toBe(2);
    expect(hitsAndMisses(statistics.getStats() as Stats)).toEqual([1_000, 0]);
    store.heal();
    expect(hitsAndMisses(await complete(statistics))).toEqual([1_000, 0]);
    await statistics.close();
  });

  it('keep of an hour so many targets of each process, the busiest first', async () => {
    const { start, memory, clock } = setUp();
    const statistics = start();
    for (let i = 0; i < 1_500; i += 1) {
      answer(statistics, 'api', HIT, i < 100 ? 3 : 1, `/${i}`);
      if (i % 25 === 24) await vi.advanceTimersByTimeAsync(FLUSHED);
    }
    await vi.advanceTimersByTimeAsync(100 * FLUSHED);
    await statistics.close();
    const hour = new Date(clock.now()).toISOString().slice(0, 13).replace(/\D/g, '');
    const [kept] = await memory.counters([KEYS.hot(hour)]);
    expect(kept!.size).toBe(1_000);
    expect([...kept!.values()].filter((requests) => requests === 3)).toHaveLength(100);
  });

  it('leave out what another release counts beside them', async () => {
    const { start, memory } = setUp();
    const increments = new Map([
      ['api:hits', 2],
      ['api:errors', 3],
      ['odd', 4],
    ]);
    await memory.add(KEYS.statistics(3), { source: 'another', sequence: 1, increments }, 1_000);
    const statistics = start();
    expect(hitsAndMisses(await complete(statistics))).toEqual([2, 0]);
    await statistics.close();
  });
});

describe('statistics that are off', () => {
  it('say so, and cost nothing', async () => {
    expect(NO_STATISTICS.observer).toEqual({});
    expect(NO_STATISTICS.getStats()).toEqual({ enabled: false });
    expect(await NO_STATISTICS.getStatsAsync()).toEqual({ enabled: false });
    expect([await NO_STATISTICS.hottest(5), await NO_STATISTICS.held()]).toEqual([[], null]);
    await NO_STATISTICS.flush();
    await NO_STATISTICS.close();
  });
});

describe('statistics that have no timer', () => {
  const startOn = ({ clock, store }: ReturnType<typeof setUp>, storage: 'memory' | 'redis') =>
    createStatistics({
      ...{ store, keys: KEYS, clock, storage, sampleSize: 100, lasting: false },
      services: () => ['api'],
      shownUrl: 'kv-rest:',
    });

  it('are brought into the store at first, and a minute after that, when they are asked to be', async () => {
    const parts = setUp();
    const { clock, store } = parts;
    const statistics = startOn(parts, 'redis');
    expect(vi.getTimerCount()).toBe(0);
    const pass = async (ms: number) => {
      clock.advance(ms);
      answer(statistics, 'api', HIT);
      const before = store.calls.add;
      await statistics.flushIfDue();
      return store.calls.add - before;
    };
    // The counts, and the busiest targets.
    expect(await pass(0)).toBe(2);
    expect(await pass(1_000)).toBe(0);
    expect(await pass(58_000)).toBe(0);
    expect(await pass(1_000)).toBe(2);
    expect(await pass(-30_000)).toBe(2);
    expect(await pass(10_000)).toBe(0);
    expect(hitsAndMisses(await complete(statistics))).toEqual([6, 0]);
    await statistics.close();
  });

  it('cost nothing where they are kept in the process, or have nothing to bring', async () => {
    const parts = setUp();
    const kept = startOn(parts, 'memory');
    answer(kept, 'api', HIT);
    expect(kept.flushIfDue()).toBeNull();
    await startOn(parts, 'redis').flushIfDue();
    expect(parts.store.calls.add).toBe(0);
    expect(NO_STATISTICS.flushIfDue()).toBeNull();
  });

  it('are asked for only there', () => {
    const { start } = setUp();
    const statistics = start();
    expect(statistics.flushIfDue()).toBeNull();
    void statistics.close();
  });
});
