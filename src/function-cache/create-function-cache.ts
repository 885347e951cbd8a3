import { systemClock } from '../clock.ts';
import type { CachegateError } from '../errors.ts';
import { createStoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { parseStoreUrl } from '../store/store-url.ts';
import { isOnVercel, vercelRequest } from '../vercel-request.ts';
import type { FunctionCache, FunctionObserver } from './cached-function.ts';
import { createFunctions } from './create-functions.ts';
import { createFunctionLog, type FunctionLog, standardErrorLog } from './function-log.ts';
import { createLazyResults } from './lazy-results.ts';
import { openResults } from './open-results.ts';
import { optionFault, refuseUnknown } from './option-fault.ts';
import { safeObserver } from './safe-observer.ts';

export interface FunctionCacheOptions {
  /**
   * Where results are: the store of `createCachegate`, or an address (`redis://…`, `kv-rest:`, `lmdb:…`, `memory:`) that is
   * opened with the first call. By default what the environment names (`CACHE_URL`, `REDIS_URL`, or the variables of a KV
   * service), or else this process's memory.
   */
  readonly store?: Store | string | undefined;
  /** Goes before every key; empty by default. */
  readonly namespace?: string | undefined;
  /** A call of the store may take so long, 10 to 10,000; 250 by default. */
  readonly store_timeout_ms?: number | undefined;
  /** Of a store that is opened here, so much is kept in this process; 256 by default. */
  readonly memory_limit_mib?: number | undefined;
  /** Where a platform stops the process behind an answer: is given what is to be done before that. Vercel's is found. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  readonly observer?: FunctionObserver | undefined;
  /** Is told of failures, a few lines a second; by default JSON on standard error. `null`: nothing is told. */
  readonly log?: FunctionLog | null | undefined;
  /** The environment's variables, in the place of the process's own. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

const WHOSE = 'a cache of functions';
const OPTIONS: readonly (keyof FunctionCacheOptions)[] = [
  ...(['store', 'namespace', 'store_timeout_ms', 'memory_limit_mib', 'waitUntil'] as const),
  ...(['observer', 'log', 'env'] as const),
];
const NAMESPACE = /^[\w.-]{0,64}$/;
const SILENT: FunctionLog = { warn() {}, error() {} };

/**
 * Caches results of functions in a store that all processes share.
 * @throws CachegateError `ERR_CONFIG_INVALID` for an invalid address of a store, and other invalid options
 */
export function createFunctionCache(options: FunctionCacheOptions = {}): FunctionCache {
  refuseUnknown(WHOSE, options, OPTIONS);
  const { store, namespace = '', observer = {}, log = standardErrorLog } = options;
  const { store_timeout_ms: storeTimeoutMs = 250, memory_limit_mib: memoryLimitMib = 256 } = options;
  if (!NAMESPACE.test(namespace)) {
    throw refused('namespace', 'at most 64 characters of A-Z, a-z, 0-9, _, . and -');
  }
  // What is none would have each call of the store fail, or wait without end.
  if (!(storeTimeoutMs >= 10 && storeTimeoutMs <= 10_000)) {
    throw refused('store_timeout_ms', 'a number of milliseconds from 10 to 10000');
  }
  if (!(memoryLimitMib >= 1 && memoryLimitMib < Infinity))
    throw refused('memory_limit_mib', 'a number from 1');
  if (typeof store === 'string' && store !== 'none:') parseStoreUrl(store);
  const lines = createFunctionLog(log ?? SILENT, systemClock);
  const told = safeObserver([lines, observer]);
  const env = options.env ?? process.env;
  const place = {
    ...{ store, namespace, observer: told, storeObserver: lines },
    ...{ storeTimeoutMs, memoryLimitMib },
    ...{ waitUntil: options.waitUntil ?? vercelsWaitUntil(env), env },
  };
  const lazy = createLazyResults(
    () => openResults(place),
    (error) => told.storeFailed?.('open', error),
  );
  return createFunctions(lazy, createStoreKeys(namespace, ''));
}

/** That of the request in which work comes up; `undefined` in any other place than Vercel, where the process goes on. */
function vercelsWaitUntil(env: NodeJS.ProcessEnv): FunctionCacheOptions['waitUntil'] {
  return isOnVercel(env) ? (work) => vercelRequest()?.waitUntil?.(work) : undefined;
}

function refused(option: string, accepted: string): CachegateError {
  return optionFault(WHOSE, option, accepted);
}
