import type { FunctionCache } from './cached-function.ts';
import { createFunctionCache } from './create-function-cache.ts';

// One for the process, on the store that its environment names; opened with the first call of a function.
let made: FunctionCache | null = null;

function functions(): FunctionCache {
  made ??= createFunctionCache();
  return made;
}

/**
 * Caches a function in the store that the environment names (`CACHE_URL`, `REDIS_URL`, or the variables of a KV service), or
 * else in this process's memory. As `FunctionCache.cached` of a cache that all of the process share.
 */
export const cached: FunctionCache['cached'] = (fn, options) => functions().cached(fn, options);

/** As `FunctionCache.invalidate`, of that cache. */
export const invalidate: FunctionCache['invalidate'] = (...tags) => functions().invalidate(...tags);

/** As `FunctionCache.close`, of that cache: a program that is to end by itself calls it last. */
export const close: FunctionCache['close'] = () => functions().close();
