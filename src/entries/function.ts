export { CachegateError, type ErrorCode, hasCode } from '../errors.ts';
export type {
  ArgumentsOf,
  AsyncFunction,
  CachedFunction,
  CachedOptions,
  CachedResults,
  FunctionCache,
  FunctionObserver,
} from '../function-cache/cached-function.ts';
export { createFunctionCache, type FunctionCacheOptions } from '../function-cache/create-function-cache.ts';
export { cached, close, invalidate } from '../function-cache/default-functions.ts';
export type { FunctionLog } from '../function-cache/function-log.ts';
export type { Store } from '../store/store.ts';
