import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { MaybePromise, Store } from '../store/store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createWarmJobs } from './create-warm-jobs.ts';
import type { WarmOne } from './fetch-item.ts';
import type { WarmReport } from './warm-job.ts';
import type { WarmResult } from './warm-result.ts';

const keys = createStoreKeys('', 'secret');
const TIMING = { lookMs: 10, retryMs: 1, leaseMs: 200, searchMs: 25, graceMs: 100 };
const WARMED: WarmResult = { kind: 'warmed' };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function memory(): Store {
  return createMemoryStore({ maxBytes: 100_000_000 });
}

/** As one over the network is: others ask while it is asked. */
function slow(store: Store): Store {
  const later =
    <Args extends unknown[], Result>(call: (...args: Args) => MaybePromise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await sleep(1);
      return call(...args);
    };
  return { ...store, get: later(store.get), set: later(store.set), members: later(store.members) };
}

function setUp(warmOne: WarmOne, store: Store = memory(), more = {}) {
  const clock = createManualClock();
  const told: string[] = [];
  const asked: string[] = [];
  const jobs = createWarmJobs({
    ...{ store, keys, clock, timing: TIMING, template: '/api/{id}', concurrency: 4 },
    hottest: async (count) => ['/hot/1', '/hot/2', '/hot/3'].slice(0, count),
    observer: {
      warmJobChanged: (_id, state) => told.push(state),
      warmed: (_id, item, reason) => (reason === null ? undefined : told.push(`${item}: ${reason}`)),
    },
    warmOne: (url, signal) => {
      asked.push(url);
      return warmOne(url, signal);
    },
    ...more,
  });
  closing.push(jobs.close);
  const ended = async (id: string): Promise<WarmReport> => {
    for (;;) {
      const report = (await jobs.report(id))!;
      if (report.ended_at !== null) return report;
      await sleep(5);
    }
  };
  const run = async (request: Parameters<typeof jobs.start>[0]) => ended((await jobs.start(request)).id);
  return { jobs, told, asked, ended, run, clock, store };
}

describe('a job that warms', () => {
  it('fetches each once and counts', async () => {
    const { run, asked, told } = setUp(async (url) =>
      url === '/api/c%20d' ? { kind: 'failed', reason: 'the origin answers 404' } : WARMED,
    );
    const report = await run({ ids: ['a', 7, 'c d', '7', null, 'a'] });
    expect(report).toEqual({
      ...{ id: expect.stringMatching(/^[0-9a-f]{16}$/), state: 'done' },
      ...{ warmed_count: 2, failed_count: 2, total_requested: 4, duplicates: 2 },
      ...{ rate_per_second: 0, seconds_left: null },
      ...{ created_at: '2023-11-14T22:13:20.000Z', ended_at: '2023-11-14T22:13:20.000Z' },
      failures: expect.arrayContaining([
        { id: 'c d', reason: 'the origin answers 404' },
        { id: 'null', reason: 'an id is a text or a whole number' },
      ]),
    });
    expect(asked.sort()).toEqual(['/api/7', '/api/a', '/api/c%20d']);
    expect([told[0], told.at(-1)]).toEqual(['running', 'done']);
    expect(told.slice(1, -1).sort()).toEqual([
      'c d: the origin answers 404',
      'null: an id is a text or a whole number',
    ]);
  });

  it('is done at once when there is nothing to do', async () => {
    const { jobs, told, store } = setUp(async () => WARMED);
    const report = await jobs.start({ urls: [] });
    expect(report).toMatchObject({ state: 'done', warmed_count: 0, failed_count: 0, total_requested: 0 });
    expect(await jobs.report(report.id)).toEqual(report);
    expect(told).toEqual(['running', 'done']);
    expect(store.kind).toBe('memory');
  });

  it('fetches what was hot', async () => {
    const { run, asked } = setUp(async () => WARMED);
    expect(await run({ hot: 2 })).toMatchObject({ state: 'done', warmed_count: 2 });
    expect(asked).toEqual(['/hot/1', '/hot/2']);
  });

  it('counts thousands exactly, keeps the first failures and leaves no items behind', async () => {
    const failing = (url: string) => Number(url.slice(5)) % 7 === 0;
    const { run, asked, store, jobs } = setUp(async (url) =>
      failing(url) ? { kind: 'failed', reason: 'x'.repeat(1_000) } : WARMED,
    );
    const ids = Array.from({ length: 20_000 }, (_, i) => (i % 100 === 0 ? { bad: i } : i % 3_000));
    const report = await run({ ids, concurrency: 64 });
    const good = new Set(ids.filter((id) => typeof id === 'number'));
    const failed = [...good].filter((id) => (id as number) % 7 === 0).length + 200;
    expect(report).toMatchObject({
      failed_count: failed,
      warmed_count: good.size + 200 - failed,
      total_requested: good.size + 200,
      duplicates: 20_000 - good.size - 200,
      failures: { length: 20 },
    });
    expect(asked.length).toBe(good.size);
    const key = keys.warm(report.id);
    const left = await store.get([keys.warmPart(key, 'items', 0), keys.warmPart(key, 'done', 0)]);
    expect(left).toEqual([null, null]);
    expect(JSON.stringify(await jobs.list()).length).toBeLessThan(20_000);
  });

  it('keeps to its concurrency', async () => {
    let now = 0;
    let most = 0;
    const { run } = setUp(async () => {
      now += 1;
      most = Math.max(most, now);
      await sleep(1);
      now -= 1;
      return WARMED;
    });
    await run({ ids: Array.from({ length: 40 }, (_, i) => i), concurrency: 3 });
    expect(most).toBe(3);
  });

  it('reports how far it is', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let asked = 0;
    const { jobs, ended } = setUp(async () => {
      asked += 1;
      if (asked > 6) await gate;
      return WARMED;
    });
    const { id, state } = await jobs.start({ ids: [1, 2, 3, 4, 5, 6, 7, 8, 9] });
    expect(state).toBe('running');
    await expect.poll(async () => (await jobs.report(id))!.warmed_count).toBe(6);
    await expect.poll(async () => (await jobs.report(id))!.rate_per_second).toBeGreaterThan(0);
    const report = (await jobs.report(id))!;
    expect(report).toMatchObject({ state: 'running', ended_at: null, total_requested: 9 });
    expect(report.seconds_left).toBe(Math.ceil(3 / report.rate_per_second));
    open();
    expect(await ended(id)).toMatchObject({ warmed_count: 9, seconds_left: null });
  });

  it('is not lost to what is fetched into a small store', async () => {
    // A fifth of what is fetched, and several times what is fetched between two looks.
    const store = createMemoryStore({ maxBytes: 1_000_000 });
    let written = 0;
    const { run } = setUp(async () => {
      written += 1;
      await store.set(`response:${written}`, Buffer.alloc(5_000), 60_000);
      await sleep(1);
      return WARMED;
    }, store);
    const ids = Array.from({ length: 1_000 }, (_, i) => i);
    expect(await run({ ids })).toMatchObject({ state: 'done', warmed_count: 1_000, failed_count: 0 });
  });

  it('is not there under another id', async () => {
    const { jobs } = setUp(async () => WARMED);
    for (const id of ['', '0123456789abcdef', '../x', 7 as never]) {
      expect([await jobs.report(id), await jobs.cancel(id)]).toEqual([null, null]);
    }
  });

  it('fails an item for which the fetch rejects, and goes on', async () => {
    const { run } = setUp(async (url) => {
      if (url === '/1') throw new Error('no');
      return WARMED;
    });
    expect(await run({ urls: ['/1', '/2'] })).toMatchObject({
      warmed_count: 1,
      failures: [{ reason: 'no' }],
    });
  });
});

describe('an origin that asks to wait', () => {
  const later = (afterMs: number | null): WarmResult => ({
    kind: 'later',
    afterMs,
    reason: 'the origin answers 429',
  });

  it('is asked again, for each item', async () => {
    const tries = new Map<string, number>();
    const { run } = setUp(async (url) => {
      tries.set(url, (tries.get(url) ?? 0) + 1);
      return tries.get(url)! < 3 ? later(1) : WARMED;
    });
    expect(await run({ ids: [1, 2, 3, 4, 5, 6] })).toMatchObject({ warmed_count: 6, failed_count: 0 });
    expect([...tries.values()]).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('is given up after five more tries', async () => {
    const { run, asked } = setUp(async () => later(null));
    expect(await run({ ids: [1] })).toMatchObject({
      failed_count: 1,
      failures: [{ id: '1', reason: 'the origin answers 429' }],
    });
    expect(asked).toHaveLength(6);
  });

  it('is asked for nothing meanwhile', async () => {
    const askedAt: number[] = [];
    const { run } = setUp(async () => {
      askedAt.push(performance.now());
      return askedAt.length === 1 ? later(60) : WARMED;
    });
    expect(await run({ ids: [1, 2, 3, 4], concurrency: 1 })).toMatchObject({ warmed_count: 4 });
    expect(askedAt).toHaveLength(5);
    expect(askedAt[1]! - askedAt[0]!).toBeGreaterThan(59);
  });
});

describe('cancelling', () => {
  it('breaks off what is under way, and counts no more', async () => {
    let aborted = 0;
    const { jobs, told, asked } = setUp(async (url, signal) => {
      if (asked.length <= 2) return WARMED;
      signal.addEventListener('abort', () => {
        aborted += 1;
      });
      // As one that takes no notice.
      return new Promise(() => url);
    });
    const { id } = await jobs.start({ ids: [1, 2, 3, 4, 5, 6, 7, 8, 9] });
    await expect.poll(() => asked.length).toBe(6);
    const report = await jobs.cancel(id);
    expect(report).toMatchObject({
      state: 'cancelled',
      warmed_count: 2,
      failed_count: 0,
      total_requested: 9,
    });
    expect(aborted).toBe(4);
    await expect.poll(() => jobs.report(id)).toEqual(report);
    expect(await jobs.cancel(id)).toEqual(report);
    expect(told).toEqual(['running', 'cancelled']);
    expect(asked).toHaveLength(6);
  });

  it('leaves one that has ended as it is', async () => {
    const { jobs, run } = setUp(async () => WARMED);
    const report = await run({ ids: [1] });
    expect(await jobs.cancel(report.id)).toEqual(report);
  });

  it('reaches the process that is at it', async () => {
    const store = memory();
    const here = setUp(
      (_url, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(WARMED))),
      store,
    );
    const there = setUp(async () => WARMED, store);
    const { id } = await here.jobs.start({ ids: [1, 2] });
    expect(await there.jobs.cancel(id)).toMatchObject({ state: 'cancelled', warmed_count: 0 });
    expect(there.asked).toEqual([]);
    expect([here.told, there.told]).toEqual([['running'], ['cancelled']]);
  });
});

describe('several processes', () => {
  it('report the same, and one goes on where another has left off', async () => {
    const store = memory();
    let fetches = 0;
    const never: WarmOne = () => {
      fetches += 1;
      return fetches <= 10 ? Promise.resolve(WARMED) : new Promise(() => {});
    };
    const here = setUp(never, store);
    const there = setUp(async () => WARMED, store);
    const { id } = await here.jobs.start({ ids: Array.from({ length: 600 }, (_, i) => i) });
    await expect.poll(async () => (await there.jobs.report(id))?.warmed_count).toBe(10);
    await here.jobs.close();
    expect(await there.ended(id)).toMatchObject({ state: 'done', warmed_count: 600, failed_count: 0 });
    expect(there.asked).toHaveLength(590);
    expect(there.told).toEqual(['done']);
    expect(await there.jobs.list()).toMatchObject([{ id, warmed_count: 600 }]);
  });

  it('leave a job to who is at it', async () => {
    const store = memory();
    // On a busy machine a short lease may run out while nothing runs at all.
    const timing = { ...TIMING, leaseMs: 10_000 };
    const here = setUp(
      async () => {
        await sleep(20);
        return WARMED;
      },
      store,
      { timing },
    );
    const others = [1, 2, 3].map(() => setUp(async () => WARMED, store));
    const { id } = await here.jobs.start({ ids: Array.from({ length: 60 }, (_, i) => i) });
    expect(await here.ended(id)).toMatchObject({ warmed_count: 60 });
    expect(others.flatMap(({ asked }) => asked)).toEqual([]);
  });

  it('settle one that was cancelled when nobody is at it', async () => {
    const store = memory();
    let fetches = 0;
    const here = setUp(() => {
      fetches += 1;
      return fetches <= 3 ? Promise.resolve(WARMED) : new Promise(() => {});
    }, store);
    const { id } = await here.jobs.start({ ids: [1, 2, 3, 4, 5, 6, 7, 8] });
    await expect.poll(async () => (await here.jobs.report(id))?.warmed_count).toBe(3);
    await here.jobs.close();
    const there = setUp(async () => WARMED, store, { timing: { ...TIMING, searchMs: 0 } });
    expect(await there.jobs.cancel(id)).toMatchObject({ state: 'cancelled', warmed_count: 3 });
    expect(there.asked).toEqual([]);
    expect(await store.get([keys.warmPart(keys.warm(id), 'done', 0)])).toEqual([null]);
  });
});

describe('a process that reads old values', () => {
  it('does not begin anew what has been settled meanwhile', async () => {
    const store = memory();
    const here = setUp(async () => {
      await sleep(1);
      return WARMED;
    }, store);
    const { id } = await here.jobs.start({ ids: Array.from({ length: 600 }, (_, i) => i) });
    const key = keys.warm(id);
    const old = await store.get([key]);
    await here.ended(id);
    await here.jobs.close();
    // As copies of a process that hears of no changes: of the job's search, and of its take-over.
    let reads = 0;
    const late: Store = {
      ...store,
      get(names) {
        if (names[0] !== key) return store.get(names);
        reads += 1;
        return reads <= 2 ? old : store.get(names);
      },
    };
    const there = setUp(async () => WARMED, late);
    await expect.poll(() => reads).toBeGreaterThan(3);
    await sleep(50);
    expect([there.asked, there.told]).toEqual([[], []]);
    expect(await there.jobs.report(id)).toMatchObject({ state: 'done', warmed_count: 600, failed_count: 0 });
  });
});

describe('while the store is away', () => {
  const away = new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused');

  it('pauses, and goes on by itself without fetching anything twice', async () => {
    const store = createFaultyStore(memory());
    const { jobs, ended, asked } = setUp(async () => {
      await sleep(1);
      return WARMED;
    }, store);
    const { id } = await jobs.start({ ids: Array.from({ length: 400 }, (_, i) => i) });
    await expect.poll(() => asked.length).toBeGreaterThan(20);
    store.fail(away);
    await sleep(50);
    const before = asked.length;
    await sleep(50);
    expect(asked.length).toBe(before);
    store.heal();
    expect(await ended(id)).toMatchObject({ warmed_count: 400, failed_count: 0 });
    expect(asked).toHaveLength(400);
  });

  it('tries again what has failed meanwhile', async () => {
    const store = createFaultyStore(memory());
    let isAway = false;
    const { jobs, ended, asked } = setUp(async (url) => {
      if (url === '/api/5' && !isAway) {
        isAway = true;
        store.fail(away);
        setTimeout(() => store.heal(), 40);
        return { kind: 'failed', reason: 'the response may not be stored' };
      }
      return WARMED;
    }, store);
    const { id } = await jobs.start({ ids: [1, 2, 3, 4, 5, 6, 7] });
    expect(await ended(id)).toMatchObject({ warmed_count: 7, failed_count: 0 });
    expect(asked.filter((url) => url === '/api/5')).toHaveLength(2);
  });

  it('settles once what it had settled without an answer', async () => {
    const store = memory();
    let isLost = false;
    const losing: Store = {
      ...store,
      async replace(...args) {
        const written = await store.replace(...args);
        if (isLost || !args[2].includes('"settled":true')) return written;
        isLost = true;
        throw new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
      },
    };
    const { jobs, told, run } = setUp(async () => WARMED, losing);
    const { id } = await run({ ids: [1, 2, 3] });
    await expect.poll(() => told).toEqual(['running', 'done']);
    expect(await jobs.report(id)).toMatchObject({ state: 'done', warmed_count: 3 });
  });

  it('tells whoever asks', async () => {
    const store = createFaultyStore(memory());
    const { jobs } = setUp(async () => WARMED, store);
    store.fail(away);
    for (const call of [
      () => jobs.start({ ids: [1] }),
      () => jobs.report('0123456789abcdef'),
      () => jobs.cancel('0123456789abcdef'),
      () => jobs.list(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    }
    store.heal();
    store.fail(away, ['set']);
    await expect(jobs.start({ ids: [1] })).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    store.heal();
    expect(await jobs.list()).toEqual([]);
  });
});

describe('bounds', () => {
  it('has ten jobs running at most', async () => {
    const { jobs } = setUp(() => new Promise(() => {}));
    for (let i = 0; i < 10; i++) await jobs.start({ ids: [i] });
    await expect(jobs.start({ ids: [1] })).rejects.toMatchObject({ code: 'ERR_WARM_INVALID' });
    const [newest] = await jobs.list();
    await jobs.cancel(newest!.id);
    expect(await jobs.start({ ids: [1] })).toMatchObject({ state: 'running' });
  });

  it('has no more of them when all are started at once, in several processes', async () => {
    const store = slow(memory());
    const [here, there] = [
      setUp(() => new Promise(() => {}), store),
      setUp(() => new Promise(() => {}), store),
    ];
    const starts = Array.from({ length: 30 }, (_, i) => (i % 2 ? here : there).jobs.start({ ids: [i] }));
    const ends = await Promise.allSettled(starts);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'ERR_WARM_INVALID' },
    });
    expect(await here.jobs.list()).toHaveLength(10);
  });

  it('starts jobs after one that has died while it was starting its own', async () => {
    const store = memory();
    const { run } = setUp(async () => WARMED, store);
    await store.begin(keys.warm('start'), { name: 'warm', holder: 'dead', ttlMs: 100 });
    expect(await run({ ids: [1] })).toMatchObject({ warmed_count: 1 });
  });

  it('gives a turn back that a store which hung has granted to nobody', async () => {
    const backend = memory();
    let isAway = true;
    const away = () => new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
    const { jobs } = setUp(async () => WARMED, {
      ...backend,
      async begin(...args) {
        const begun = await backend.begin(...args);
        if (isAway) throw away();
        return begun;
      },
      async end(...args) {
        if (isAway) throw away();
        return backend.end(...args);
      },
    });
    await expect(jobs.start({ ids: [1] })).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' });
    isAway = false;
    const next = { name: 'warm', holder: 'next', ttlMs: 100 };
    await expect
      .poll(async () => (await backend.begin(keys.warm('start'), next)).lease?.kind, { timeout: 3_000 })
      .toBe('held');
  });

  it('remembers a hundred, and forgets the oldest that have ended', async () => {
    const { jobs, clock, run } = setUp(async () => WARMED);
    const ids: string[] = [];
    for (let i = 0; i < 105; i++) {
      ids.push((await (i % 2 === 0 ? jobs.start({ urls: [] }) : run({ urls: ['/a'] }))).id);
      clock.advance(1);
    }
    expect((await jobs.list()).map(({ id }) => id)).toEqual(ids.slice(5).reverse());
  });

  it('takes none after it was closed', async () => {
    const { jobs } = setUp(async () => WARMED);
    await jobs.close();
    await expect(jobs.start({ ids: [1] })).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' });
  });
});
