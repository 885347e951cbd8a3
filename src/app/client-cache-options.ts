import { type AppConfig, type CachegateOptions, readAppConfig } from '../config/app-schema.ts';
import { closestName } from '../config/closest-name.ts';
import type { Environment } from '../config/environment.ts';
import { ConfigError, type Fault, faultAt } from '../config/fault.ts';
import { describeFound } from '../config/found.ts';
import { isLog, LOG_FORM } from '../observe/is-log.ts';
import type { Log } from '../observe/log.ts';
import type { Store } from '../store/store.ts';
import type { CacheType } from './wire-fetch.ts';

/** What of an application's options is a client cache's too, with the same names, ranges, defaults and faults. */
const SHARED = [
  ...(['services', 'namespace', 'mode', 'hash_key', 'store_timeout_ms', 'store_tls'] as const),
  ...(['memory_limit_mib', 'disk_limit_mib', 'near_cache', 'logging_level', 'log_cache_hits'] as const),
  ...(['log_cache_misses', 'log_ttl_info', 'log_timing_metrics', 'aggregate_log_interval'] as const),
  ...(['statistics_enabled', 'statistics_storage', 'statistics_sample_size'] as const),
] satisfies readonly (keyof CachegateOptions)[];
const OWN = ['store', 'type', 'log', 'onError', 'env'] satisfies readonly (keyof ClientCacheOptions)[];

type SharedOptions = Pick<CachegateOptions, (typeof SHARED)[number]>;

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
  log,
  onError,
  env = process.env,
  ...options
}: ClientCacheOptions): ClientCacheConfig {
  const faults = [...unknownIn(options), ...unfit({ store, type, log, onError, env })];
  if (faults.length > 0) throw new ConfigError(faults);
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

function unknownIn(options: object): Fault[] {
  const known: readonly string[] = [...OWN, ...SHARED];
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const unknown = given.map(([name]) => name).filter((name) => !known.includes(name));
  return unknown.map((name) => {
    const closest = closestName(name, known);
    const hint = closest === undefined ? '' : `, did you mean ${closest}?`;
    return faultAt([name], [], `unknown option of a client cache${hint}`, known.join(', '));
  });
}

/** What only code can give, and no compiler may have looked at. */
function unfit({ store, type, log, onError, env }: ClientCacheOptions): Fault[] {
  const isStore = typeof store !== 'object' || (store !== null && typeof store.listen === 'function');
  const checks: readonly [option: string, given: unknown, fits: boolean, accepted: string][] = [
    ['store', store, isStore, 'an address, or an open store'],
    ['type', type, type === 'shared' || type === 'private', 'shared or private'],
    ['log', log, log === undefined || log === true || isLog(log), `${LOG_FORM}; or true`],
    ['onError', onError, onError === undefined || typeof onError === 'function', 'a function'],
    ['env', env, typeof env === 'object' && env !== null, 'an object of variables'],
  ];
  return checks
    .filter(([, , fits]) => !fits)
    .map(([option, given, , accepted]) =>
      faultAt([option], [], describeFound(given, option === 'env'), accepted),
    );
}
