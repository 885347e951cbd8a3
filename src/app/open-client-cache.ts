import { createBackground } from '../background.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { AppConfig } from '../config/app-schema.ts';
import { CachegateError } from '../errors.ts';
import { checkTags } from '../fetch/call-settings.ts';
import type { RoutedFetchOptions } from '../fetch/routed-fetch.ts';
import { createCacheTotals } from '../observe/cache-tally.ts';
import { logThrough } from '../observe/known-logs.ts';
import type { Log } from '../observe/log.ts';
import type { GateObserver } from '../observe/observer.ts';
import { openTracing } from '../observe/open-tracing.ts';
import { createOriginBudgets } from '../origin-budget/origin-budgets.ts';
import { createResponseCache } from '../response-cache/response-cache.ts';
import { createStatistics, NO_STATISTICS, type ObservedStatistics } from '../statistics/create-statistics.ts';
import type { Statistics } from '../statistics/stats.ts';
import { createStoreKeys, type StoreKeys } from '../store/keys.ts';
import { lentStore } from '../store/lent-store.ts';
import { createLocalWindows } from '../store/local-windows.ts';
import { storeFailure } from '../store/reading.ts';
import { createResilientStore } from '../store/resilience/resilient-store.ts';
import type { Store } from '../store/store.ts';
import { logObservers } from '../wiring/log-observers.ts';
import { greetStore, type OpenStore, openStore } from '../wiring/open-store.ts';
import { createTold } from '../wiring/told-observer.ts';
import {
  type ClientCacheConfig,
  type ClientCacheOptions,
  readClientCacheOptions,
} from './client-cache-options.ts';
import { hashKeyOf } from './hash-key.ts';
import { fetchServices } from './wire-fetch.ts';

/** An HTTP cache in a client's own process: what `fetch`, a dispatcher or another client is led through. */
export interface ClientCache extends ClientCacheHandle {
  readonly parts: Omit<RoutedFetchOptions, 'fetch'>;
}

/** What a client cache has beside its requests. */
export interface ClientCacheHandle {
  /**
   * Drops what is stored with every one of these tags, of all services, for every process that shares the store. What is on
   * its way from an origin meanwhile is not stored. Answers how many resources that were.
   * @throws TypeError for what is no tag; CachegateError `ERR_PURGE_INCOMPLETE` when the store failed: to be repeated
   */
  invalidate(...tags: readonly [string, ...string[]]): Promise<number>;
  /** At once: what this process has counted (H3). */
  getStats: Statistics['getStats'];
  /** Complete. Never rejects. */
  getStatsAsync: Statistics['getStatsAsync'];
  /** Waits a while for what is under way, then lets go of the store. Later requests go to their origins. */
  close(): Promise<void>;
}

// More work behind the answers than this means that the store can't keep up; what comes then is not kept.
const MAX_BACKGROUND = 10_000;

/**
 * @throws CachegateError `ERR_CONFIG_INVALID` (a `ConfigError` that tells all that is wrong), `ERR_STORE_UNAVAILABLE` for a
 * folder that can't be used. A store on another machine that is away is no reason not to open.
 */
export async function openClientCache(options: ClientCacheOptions): Promise<ClientCache> {
  const read = readClientCacheOptions(options);
  const { config, type } = read;
  const clock = systemClock;
  const tell = telling(options.onError);
  const log = await logOf(options, config);
  const told = createTold(
    log === null ? {} : logObservers(config, log, clock, createCacheTotals()),
    errorsTo(tell),
  );
  const tracing = await openTracing({
    version: async () => (await import('../version.ts')).VERSION,
    routeOf: undefined,
  });
  if (tracing !== null) told.add(tracing.observer);
  const { observer } = told;
  const background = createBackground(MAX_BACKGROUND, (error) => {
    tell(error);
    log?.error({ err: error }, 'Background work failed');
  });
  const opened = await opening(read, { clock, observer, env: options.env ?? process.env });
  const { store, near, unheardMs } = opened;
  const keys = createStoreKeys(config.namespace, hashKeyOf(config));
  const parts = { store, keys, clock, background, observer, tracing };
  const statistics = statisticsOf(config, opened, parts, (error) => {
    tell(error);
    log?.warn(
      { errorType: storeFailure(error).code },
      `Statistics are incomplete for now: ${storeFailure(error).message}`,
    );
  });
  told.add(statistics.observer);
  const budgets = createOriginBudgets({ ...parts, local: createLocalWindows() });
  const responses = createResponseCache({
    ...parts,
    ...(near !== null && { weigh: near.weigh }),
    ...(unheardMs !== undefined && { unheardMs }),
  });
  if (log === null || read.given !== null) opened.greeted();
  else await greetStore(opened, log);

  async function close(): Promise<void> {
    try {
      await background.settle(config.store_timeout_ms);
      await statistics.close();
    } finally {
      await store.close();
    }
  }
  let closing: Promise<void> | null = null;

  return {
    parts: { ...parts, responses, services: fetchServices(config, budgets, type) },
    invalidate: (...tags) => dropTagged(store, keys, tags),
    getStats: statistics.getStats,
    getStatsAsync: statistics.getStatsAsync,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** What comes of an error there must not come of a request. */
function telling(onError: ((error: unknown) => void) | undefined): (error: unknown) => void {
  return (error) => {
    try {
      onError?.(error);
    } catch {
      // Its owner's own.
    }
  };
}

function errorsTo(tell: (error: unknown) => void): GateObserver {
  return {
    storeFailed: (_part, _operation, error) => tell(error),
    requestFailed: (_service, error) => tell(error),
  };
}

/** Loaded only where it is asked for. */
async function logOf({ log }: ClientCacheOptions, { logging_level: level }: AppConfig): Promise<Log | null> {
  if (log === undefined) return null;
  if (log !== true) return logThrough(log);
  const { createLog } = await import('../observe/log.ts');
  return createLog({ level });
}

type Opened = OpenStore & { readonly store: Store };

/** A store that was given has deadlines here too, and is left open at the end. */
async function opening(
  { config, given }: ClientCacheConfig,
  options: Parameters<typeof openStore>[1],
): Promise<Opened> {
  if (given === null) return (await openStore(config, options)) as Opened;
  const store = createResilientStore(lentStore(given), { deadlineMs: config.store_timeout_ms });
  return {
    store,
    near: null,
    distant: false,
    settles: false,
    state: () => store.state,
    greeted() {},
    shownUrl: '',
  };
}

function statisticsOf(
  config: AppConfig,
  { shownUrl }: OpenStore,
  parts: { readonly store: Store; readonly keys: StoreKeys; readonly clock: Clock },
  onFailure: (error: unknown) => void,
): ObservedStatistics {
  if (!config.statistics_enabled) return NO_STATISTICS;
  return createStatistics({
    ...parts,
    services: () => Object.keys(config.services),
    storage: config.statistics_storage,
    sampleSize: config.statistics_sample_size,
    shownUrl,
    onFailure,
  });
}

async function dropTagged(store: Store, keys: StoreKeys, tags: readonly string[]): Promise<number> {
  checkTags(tags);
  // None at all would be every response there is.
  if (tags.length === 0) throw new TypeError('Tags: accepted: one at least');
  try {
    return await store.dropTagged([...new Set(tags)].map(keys.tag));
  } catch (error) {
    const message = 'The store failed: not all that has these tags was dropped';
    throw new CachegateError('ERR_PURGE_INCOMPLETE', message, { cause: storeFailure(error) });
  }
}
