import type { Clock } from '../clock.ts';
import type { GateObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { composeStats } from './compose-stats.ts';
import { createCounters, type ServiceCounts } from './counters.ts';
import { createHeldReader, type Held } from './held.ts';
import { createHotHours } from './hot-hours.ts';
import { createHotSketch } from './hot-sketch.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { createSharedCounts } from './shared-counts.ts';
import type { Statistics } from './stats.ts';
import { createTold, type Told } from './told.ts';

export interface StatisticsOptions {
  /** Whose calls answer or fail in time, as a `ResilientStore`'s do; `null`: nothing is stored. */
  readonly store: Store | null;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  /** The names of what is configured. */
  readonly services: () => readonly string[];
  /** `redis`: in the store, whichever it is; without one, in this process all the same. */
  readonly storage: 'memory' | 'redis';
  /** So many entries are looked at to estimate TTL and size. */
  readonly sampleSize: number;
  /** The store's address without credentials. */
  readonly shownUrl: string;
  /** Told of the first failure of the store after each success; nothing is lost by it. */
  readonly onFailure?: (error: unknown) => void;
  /** `false`: nothing is brought into the store by a timer, but by `flushIfDue` alone. */
  readonly lasting?: boolean;
}

export interface ObservedStatistics extends Statistics {
  /** What counts. */
  readonly observer: GateObserver;
  /** What the store holds, as `getStatsAsync` tells it, unrounded; `null`: it could not be asked. Never rejects. */
  held(): Promise<Held | null>;
  /**
   * Flushes at first, and then where that was a minute ago; without a timer (`lasting`) it is to be called behind each
   * request. `null`: it is not due. Never rejects.
   */
  flushIfDue(): Promise<void> | null;
}

/** What was counted is brought into the store after so long at the latest: what a crash can lose. */
export const FLUSH_MS = 1_000;
/** And the busiest targets at each such. */
const HOT_FLUSH_TICKS = 10;
/** Without a timer: what is stored is billed by the command where that is so. */
const FLUSH_ASKED_MS = 60_000;
/** What an application's values are counted under. */
const VALUES = 'values';

/** Nothing is counted. */
export const NO_STATISTICS: ObservedStatistics = {
  observer: {},
  getStats: () => ({ enabled: false }),
  getStatsAsync: async () => ({ enabled: false }),
  hottest: async () => [],
  held: async () => null,
  flushIfDue: () => null,
  flush: async () => {},
  close: async () => {},
};

/** Statistics of this process, or with `redis` of all on the same store (H3 to H5). */
export function createStatistics(options: StatisticsOptions): ObservedStatistics {
  const { store, keys, clock, sampleSize, shownUrl, lasting = true } = options;
  const shared = options.storage === 'redis' && store !== null ? { store, keys } : null;
  // Each by itself: what has nothing to bring succeeds all the while.
  const told = (): Told => createTold(options.onFailure);
  const [countsTold, readTold, hotTold, heldTold] = [told(), told(), told(), told()];
  const sketch = createHotSketch();
  const { counts: own, observer } = createCounters(sketch);
  const sharedCounts = shared && createSharedCounts({ ...shared, own });
  const hotHours = createHotHours({ sketch, clock, shared });
  const reader = store && createHeldReader({ store, clock, sampleSize, tags: tagsOfAll, told: heldTold });

  /** Other processes on the store may have services that this one does not know. */
  function tagsOfAll(): string[] {
    const counted = sharedCounts?.known() ?? own;
    const names = new Set([...options.services(), ...counted.keys(), VALUES]);
    return [...names].flatMap((name) => keys.serviceTags(name));
  }

  async function counts(): Promise<ServiceCounts> {
    if (sharedCounts === null) return own;
    isReadWanted = true;
    await flushCounts();
    return sharedCounts.known();
  }

  // Nothing is on its way while they are read: what the store tells has it, or has it not.
  let isReadWanted = false;
  const flushCounts = oneAtATime(async () => {
    if (sharedCounts === null) return;
    await countsTold.orFailed(sharedCounts.flush());
    if (!isReadWanted) return;
    isReadWanted = false;
    await readTold.orFailed(sharedCounts.read());
  });
  const flushHot = oneAtATime(() => hotTold.orFailed(hotHours.flush()));
  const complete = oneAtATime(async () => {
    // First, since what is counted says which services there are.
    const counted = await counts();
    return stats(counted, (await reader?.read()) ?? null);
  });

  function stats(counted: ServiceCounts, held: Held | null) {
    const place = {
      storageType: store?.kind ?? ('none' as const),
      statisticsStorage: shared === null ? ('memory' as const) : ('redis' as const),
      shownUrl,
      services: options.services(),
    };
    return composeStats(place, counted, held);
  }

  let ticks = 0;
  function tick(): void {
    sketch.tick();
    ticks += 1;
    if (sharedCounts !== null) void flushCounts();
    if (ticks % HOT_FLUSH_TICKS === 0) void flushHot();
  }
  const timer = lasting ? setInterval(tick, FLUSH_MS).unref() : undefined;

  const isSecondOver = createInterval(FLUSH_MS, clock);
  const isFlushDue = createInterval(FLUSH_ASKED_MS, clock);
  function flushIfDue(): Promise<void> | null {
    if (lasting) return null;
    if (isSecondOver()) sketch.tick();
    if (!isFlushDue()) return null;
    if (shared !== null) return flush();
    // In this process it is done at once.
    void flushHot();
    return null;
  }

  async function flush(): Promise<void> {
    await Promise.all([flushCounts(), flushHot()]);
  }

  return {
    observer,
    getStats: () => stats(own, reader?.last() ?? null),
    getStatsAsync: complete,
    hottest: (limit) => hotHours.hottest(limit),
    held: async () => reader?.read() ?? null,
    flushIfDue,
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}

/** Says once in each interval that it has begun; the first begins with the first call. */
function createInterval(intervalMs: number, clock: Clock): () => boolean {
  let begunAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now();
    // A clock that was set back holds nothing up.
    if (now >= begunAt && now - begunAt < intervalMs) return false;
    begunAt = now;
    return true;
  };
}
