import { type AppConfig, type CachegateOptions, readAppConfig } from '../config/app-schema.ts';
import type { Environment } from '../config/environment.ts';
import { ConfigError, faultAt } from '../config/fault.ts';
import type { Log } from '../observe/log.ts';
import type { Store } from '../store/store.ts';
import type { CacheType } from './wire-fetch.ts';

/** What of an application's options is a client cache's too, with the same names, ranges, defaults and faults. */
type SharedOptions = Pick<
  CachegateOptions,
  | 'services'
  | 'namespace'
  | 'mode'
  | 'hash_key'
  | 'store_timeout_ms'
  | 'store_tls'
  | 'memory_limit_mib'
  | 'disk_limit_mib'
  | 'near_cache'
  | 'logging_level'
  | 'log_cache_hits'
  | 'log_cache_misses'
  | 'log_ttl_info'
  | 'log_timing_metrics'
  | 'aggregate_log_interval'
  | 'statistics_enabled'
  | 'statistics_storage'
  | 'statistics_sample_size'
>;

export interface ClientCacheOptions extends SharedOptions {
  /**
   * Where responses are kept: a URL (`memory:`, `redis://…`, `kv-rest:`, `lmdb:…`), or a store that somebody else opens and
   * closes. Left out: of a shared cache what the environment names (`CACHE_URL`, `REDIS_URL`, the variables of a KV
   * service), else this process's memory.
   */
  readonly store?: string | Store | undefined;
  /** `shared` by default. A `private` cache belongs to one user: its store, or its namespace in one, is nobody else's. */
  readonly type?: CacheType | undefined;
  /** Where the cache tells what it does: an application's own log, or (`true`) one on standard output. By default nowhere. */
  readonly log?: Log | true | undefined;
  /** Told what went wrong in the cache: nobody who calls `fetch` is. What it throws is left alone. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Its variables are set over the options. Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** What was read of the options. */
export interface ClientCacheConfig {
  readonly config: AppConfig & { readonly store: string };
  readonly type: CacheType;
  /** Somebody else's; `null`: that of the configuration is opened. */
  readonly given: Store | null;
}

/** @throws ConfigError (`ERR_CONFIG_INVALID`) with every fault there is */
export function readClientCacheOptions({
  store,
  type = 'shared',
  log: _,
  onError: __,
  env = process.env,
  ...options
}: ClientCacheOptions): ClientCacheConfig {
  refuseForeign(options);
  if (type !== 'shared' && type !== 'private') {
    throw new ConfigError([faultAt(['type'], [], `found ${JSON.stringify(type)}`, 'shared or private')]);
  }
  const given = typeof store === 'object' ? store : null;
  // A private cache lies where its owner says, and nowhere that others may have named.
  const named = given !== null ? MEMORY : (store ?? (type === 'private' ? MEMORY : undefined));
  const config = readAppConfig(
    { ...options, store: named },
    named === undefined ? env : unnamed(env),
    process.cwd(),
  );
  return { config: { ...config, store: config.store ?? MEMORY }, type, given };
}

const MEMORY = 'memory:';

/** What the code says of the store counts. */
function unnamed({ CACHE_URL: _, REDIS_URL: __, ...env }: Environment): Environment {
  return env;
}

// Of an application, and not of a cache.
const FOREIGN = ['sessions', 'gate', 'rate_limit', 'trusted_proxies', 'metrics'];

function refuseForeign(options: object): void {
  const found = FOREIGN.filter((name) => name in options);
  if (found.length === 0) return;
  throw new ConfigError(
    found.map((name) => faultAt([name], [], 'found in a client cache', 'this of createCachegate alone')),
  );
}
