import type { Registry } from 'prom-client';
import { type Background, createBackground } from '../background.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { CacheLogSettings } from '../observe/cache-log.ts';
import { createCacheTotals } from '../observe/cache-tally.ts';
import type { Log } from '../observe/log.ts';
import type { GateObserver } from '../observe/observer.ts';
import { openTracing } from '../observe/open-tracing.ts';
import type { Tracing } from '../observe/tracing.ts';
import { createResponseCache, type ResponseCache } from '../response-cache/response-cache.ts';
import type { ObservedStatistics } from '../statistics/create-statistics.ts';
import { createStoreKeys, type StoreKeys } from '../store/keys.ts';
import { createLocalWindows, type LocalWindows } from '../store/local-windows.ts';
import type { Store } from '../store/store.ts';
import { logObservers } from './log-observers.ts';
import { type OpenStore, openStore, type StoreConfig, type ValkeyClient } from './open-store.ts';
import { createTold } from './told-observer.ts';
import { type StatisticsConfig, wireStatistics } from './wire-statistics.ts';

/** What of a configuration, a server's or an application's, says how the parts are made that all else stands on. */
export type PartsConfig = StoreConfig & CacheLogSettings & StatisticsConfig;

export interface OpenPartsOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** The key of the hashes in the store's key names. */
  readonly hashKey: string;
  /** The application's own client, used instead of one of the store's URL. */
  readonly valkeyClient?: ValkeyClient | undefined;
  /** The path under which a service is reached; left out where services are no routes. */
  readonly routeOf?: ((service: string) => string | undefined) | undefined;
  /** The names of the services in force. */
  readonly services: () => readonly string[];
  /** What else is stored and counted, as services are. */
  readonly alsoStored?: readonly string[];
  /** Where all is measured; `null`: nowhere. */
  readonly registry: Registry | null;
  /** How own sessions are judged; `null`: there are none. */
  readonly sessions: 'store' | 'jwt' | null;
  /** `false`: the process may stand still between requests, so that nothing may be due by a timer. By default it goes on. */
  readonly lasting?: boolean;
  /** Is put around the store before anything stands on it. */
  readonly watch?: (store: Store) => Store;
}

/** What is there once in a process, on one store with one connection. */
export interface OpenParts {
  readonly clock: Clock;
  readonly observer: GateObserver;
  readonly background: Background;
  readonly opened: OpenStore;
  readonly keys: StoreKeys;
  /** `null` without a store. */
  readonly responses: ResponseCache | null;
  readonly localWindows: LocalWindows;
  readonly statistics: ObservedStatistics;
  /** `null`: nobody traces. */
  readonly tracing: Tracing | null;
  /** As it was opened. */
  readonly lasting: boolean;
  /** The log is told by these settings from now on. */
  relog(settings: CacheLogSettings): void;
}

// More work behind the answers than this means that the store can't keep up; what comes then is not kept.
const MAX_BACKGROUND = 10_000;

/**
 * Opens the store and makes what stands on it.
 * @throws CachegateError as `openStore` does
 */
export async function openParts(config: PartsConfig, options: OpenPartsOptions): Promise<OpenParts> {
  const { env, log, valkeyClient: client, services, registry, lasting = true } = options;
  const clock = systemClock;
  const totals = createCacheTotals({ together: lasting });
  const tracing = await openTracing({ version: packageVersion, routeOf: options.routeOf });
  // Loaded only where it is used.
  const metrics = registry === null ? null : await import('./wire-metrics.ts');
  const measured = registry === null ? {} : metrics!.wireMetrics(registry, options);
  const told = createTold(logObservers(config, log, clock, totals), measured, tracing?.observer ?? {});
  const { observer } = told;
  const background = createBackground(MAX_BACKGROUND, (error) =>
    log.error({ err: error }, 'Background work failed'),
  );
  const opened = watched(await openStore(config, { clock, observer, env, client, lasting }), options.watch);
  const keys = createStoreKeys(config.namespace, options.hashKey);
  const { alsoStored = [] } = options;
  const stored = () => [...services(), ...alsoStored];
  const statistics = wireStatistics(config, { opened, keys, clock, services: stored, log, lasting });
  told.add(statistics.observer);
  if (registry !== null) metrics!.wirePulledMetrics(registry, opened, statistics);
  const parts = { clock, observer, background, keys, lasting };
  return {
    ...parts,
    opened,
    responses: responseCacheOn(opened, parts),
    localWindows: createLocalWindows(),
    statistics,
    tracing,
    relog: (settings) => told.relog(logObservers(settings, log, clock, totals)),
  };
}

/** Read where it is told to somebody: whoever bundles the code of a function leaves our package's file behind. */
async function packageVersion(): Promise<string> {
  return (await import('../version.ts')).VERSION;
}

function watched(opened: OpenStore, watch: OpenPartsOptions['watch']): OpenStore {
  const { store } = opened;
  return store === null || watch === undefined ? opened : { ...opened, store: watch(store) };
}

function responseCacheOn(
  { store, near, unheardMs }: OpenStore,
  parts: Pick<OpenParts, 'clock' | 'observer' | 'background' | 'keys' | 'lasting'>,
): ResponseCache | null {
  if (store === null) return null;
  return createResponseCache({
    ...parts,
    store,
    ...(near && { weigh: near.weigh }),
    ...(unheardMs !== undefined && { unheardMs }),
  });
}
