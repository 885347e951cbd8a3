import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { CachegateError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { StoreObserver } from '../observe/observer.ts';
import { isPieceKey } from '../store/keys.ts';
import { createNearStore, type NearStore } from '../store/near/near-store.ts';
import { storeFailure } from '../store/reading.ts';
import { createResilientStore, type ResilientStore } from '../store/resilience/resilient-store.ts';
import type { OperationCounts } from '../store/resilience/store-counts.ts';
import type { Store } from '../store/store.ts';
import { parseStoreUrl, redactUrl, type StoreLocation } from '../store/store-url.ts';
import type { ValkeyClient } from '../store/valkey/client.ts';
import { createStoreHealth, type StoreHealth } from './store-health.ts';

export type { ValkeyClient } from '../store/valkey/client.ts';

/** What of a configuration, a server's or an application's, says which store it is and how it is used. */
export type StoreConfig = Pick<
  Config,
  | 'store'
  | 'store_tls'
  | 'store_timeout_ms'
  | 'memory_limit_mib'
  | 'disk_limit_mib'
  | 'near_cache'
  | 'namespace'
>;

/** The configured store. */
export interface OpenStore {
  /** `null`: none is configured. */
  readonly store: Store | null;
  /** Copies of the store's values in this process, where it keeps any. */
  readonly near: NearStore | null;
  /** Asking it takes a round trip. */
  readonly distant: boolean;
  /** As `ResponseCacheOptions.unheardMs`, where it is not the default. */
  readonly unheardMs?: number;
  /** Counting each request in it costs more than a hit does. */
  readonly settles: boolean;
  state(): ReturnType<StoreHealth['state']> | 'none';
  /** How calls of each operation went, where they are watched. */
  operations?(): Iterable<readonly [string, OperationCounts]>;
  /** Its changes are told from now on. */
  greeted(): void;
  /** The address without credentials. */
  readonly shownUrl: string;
}

export interface OpenStoreOptions {
  readonly clock: Clock;
  readonly observer: StoreObserver;
  readonly env: NodeJS.ProcessEnv;
  /** The application's own client, used instead of one of the store's URL. */
  readonly client?: ValkeyClient | undefined;
  /** As `ResilientStoreOptions.lasting`. */
  readonly lasting?: boolean;
  /** Nothing will be written: a token that only reads is enough, and used where one is set. */
  readonly onlyReads?: boolean;
}

const MIB = 1024 * 1024;
/** A store in this process, or none. */
const AT_HAND = { near: null, distant: false, settles: false, greeted() {} };

/**
 * Opens the configured store, the only place that chooses a backend. One that is on another machine and away is opened
 * all the same.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for settings that no store can be made of, `ERR_STORE_UNAVAILABLE` for a
 * folder that can't be used
 */
export async function openStore(config: StoreConfig, options: OpenStoreOptions): Promise<OpenStore> {
  const shownUrl = redactUrl(config.store);
  if (config.store === 'none:') {
    return { ...AT_HAND, store: null, state: () => 'none', shownUrl: 'none:' };
  }
  const location = locationOf(config, options);
  const { clock } = options;
  if (location.kind === 'memory') {
    const { createMemoryStore } = await import('../store/memory/memory-store.ts');
    const store = createMemoryStore({ maxBytes: config.memory_limit_mib * MIB, clock });
    return { ...AT_HAND, store, state: () => 'available', shownUrl };
  }
  const health = createStoreHealth(options.observer);
  const store = createResilientStore(await openBackend(location, config, options, health), {
    deadlineMs: config.store_timeout_ms,
    onStateChange: health.changed,
    ...(options.lasting !== undefined && { lasting: options.lasting }),
  });
  const { state, greeted } = health;
  const operations = () => Object.entries(store.counts.operations);
  const watched = { state, operations, greeted, shownUrl };
  if (location.kind === 'lmdb') return { ...AT_HAND, settles: true, store, ...watched };
  const near = nearStore(store, config);
  const unheardMs = location.kind === 'kv-rest' ? { unheardMs: nearMaxAgeMs(config) } : {};
  return {
    ...{ store: near ?? store, near, distant: true, settles: near !== null },
    ...unheardMs,
    ...watched,
  };
}

function locationOf({ store }: StoreConfig, { client }: OpenStoreOptions): StoreLocation {
  const location = parseStoreUrl(store);
  if (client === undefined || location.kind === 'redis') return location;
  const message = `A Valkey client was given, and the store is ${location.kind}: name its server in the store's URL`;
  throw new CachegateError('ERR_CONFIG_INVALID', message);
}

/** Each is loaded only where it is used. */
async function openBackend(
  location: Exclude<StoreLocation, { kind: 'memory' }>,
  config: StoreConfig,
  { clock, env, client, lasting = true, onlyReads = false }: OpenStoreOptions,
  health: StoreHealth,
): Promise<Store> {
  const { namespace } = config;
  switch (location.kind) {
    case 'lmdb': {
      const { createLmdbStore } = await import('../store/lmdb/lmdb-store.ts');
      const limitBytes = config.disk_limit_mib * MIB;
      const copiesBytes = config.memory_limit_mib * MIB;
      const opened = await createLmdbStore({ path: location.path, limitBytes, copiesBytes, clock });
      health.connected();
      return opened;
    }
    case 'kv-rest': {
      const { createKvRestStore } = await import('../store/kv-rest/kv-rest-store.ts');
      const { kvRestFromEnvironment } = await import('../store/kv-rest/kv-rest-address.ts');
      const opened = createKvRestStore({
        ...kvRestFromEnvironment(env, onlyReads ? 'reading' : 'all'),
        namespace,
        nearMaxAgeMs: nearMaxAgeMs(config),
        clock,
        // No request outlives those who wait for it.
        ...(!lasting && { requestTimeoutMs: config.store_timeout_ms }),
      });
      health.connected();
      return opened;
    }
    case 'redis': {
      const { createValkeyStore } = await import('../store/valkey/valkey-store.ts');
      const shared = {
        namespace,
        onConnectionChange: health.connection,
        onTrackingChange: health.tracking,
      };
      if (client !== undefined) return createValkeyStore({ ...shared, client });
      return createValkeyStore({
        ...shared,
        url: config.store,
        ...(config.store_tls !== undefined && { tls: await readTls(config.store_tls) }),
      });
    }
  }
}

async function readTls(files: NonNullable<StoreConfig['store_tls']>) {
  const { readStoreTls } = await import('./store-tls.ts');
  return readStoreTls(files);
}

function nearMaxAgeMs({ near_cache: nearCache }: StoreConfig): number {
  return nearCache === 'off' ? 0 : nearCache.max_age_ms;
}

function nearStore(store: ResilientStore, config: StoreConfig): NearStore | null {
  const { near_cache: nearCache, namespace } = config;
  if (nearCache === 'off') return null;
  const prefix = namespace === '' ? '' : `${namespace}:`;
  // What changes all the time, and what one process writes for another to read.
  const never = [`${prefix}ratelimit:`, `${prefix}warm:`];
  return createNearStore(store, {
    maxBytes: config.memory_limit_mib * MIB,
    maxAgeMs: nearCache.max_age_ms,
    // The pieces of a body are kept put together, with its head.
    isNear: (key) => !never.some((start) => key.startsWith(start)) && !isPieceKey(key),
  });
}

/** Says once at start whether the store answers. One that is away does not stop the start: it comes back by itself. */
export async function greetStore({ store, shownUrl, greeted }: OpenStore, log: Log): Promise<void> {
  if (store === null) {
    log.warn('No store is configured: nothing is cached, and each session is validated anew');
    return;
  }
  try {
    await store.ping();
    log.info({ store: store.kind }, `Connected to the store at ${shownUrl}`);
  } catch (error) {
    const { code, message } = storeFailure(error);
    log.error(
      { store: store.kind, errorType: code },
      `The store at ${shownUrl} is away: ${message}; going on without it`,
    );
  } finally {
    greeted();
  }
}
