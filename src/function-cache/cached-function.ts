import type { CachegateError } from '../errors.ts';

/** What can be cached: it answers a promise, and makes no use of `this`. */
export type AsyncFunction = (this: void, ...args: never[]) => Promise<unknown>;

/** As `Parameters`, of which the list that a rest parameter takes may be one that is only read. */
export type ArgumentsOf<F extends AsyncFunction> = F extends (
  ...args: infer Args extends readonly unknown[]
) => unknown
  ? Args
  : never;

/** Times are in seconds. */
export interface CachedOptions<F extends AsyncFunction> {
  /** Of all that share the store, functions of one name and version are the same: 1 to 60 of `A-Z a-z 0-9 _ . : / -`. */
  readonly name: string;
  /** Another finds nothing of what was stored before; 1 by default. To be changed when results get another form or meaning. */
  readonly version?: number | string;
  /** How long a result is fresh. */
  readonly ttl: number;
  /** What the result can be invalidated by, beside `fn:` and the name, which each has. */
  readonly tags?: readonly string[] | ((...args: ArgumentsOf<F>) => readonly string[]);
  /** What results are told apart by, in the place of the arguments. */
  readonly key?: (...args: ArgumentsOf<F>) => unknown;
  /** So long after that it is still answered with, while it is made anew behind the answer, once for all processes. */
  readonly staleWhileRevalidate?: number;
  /** So long after that it is answered with where the function fails. */
  readonly staleIfError?: number;
  /** Failures that are results too: each for which `of` answers true is stored for `ttl`, and thrown again. */
  readonly negative?: { readonly ttl: number; of(error: unknown): boolean };
  /** Stores `null` and `undefined` as any other result. */
  readonly cacheNull?: boolean;
  /** Counts hits and misses under the function's own name in the statistics, not under `values`: of 100 functions at most. */
  readonly statistics?: boolean;
}

/** The function as it was, with what is to be done to its results. */
export type CachedFunction<F extends AsyncFunction> = F & CachedResults<ArgumentsOf<F>>;

export interface CachedResults<Args extends readonly unknown[]> {
  /**
   * Forgets the result for these arguments. Answers whether there was one.
   * @throws CachegateError `ERR_STORE_*` where the store could not be told
   */
  invalidate(...args: Args): Promise<boolean>;
  /**
   * Forgets all results of this name, of every version. Answers how many.
   * @throws CachegateError `ERR_STORE_*` where the store could not be told
   */
  invalidateAll(): Promise<number>;
  /** The key of the store that the result for these arguments lies under. @throws CachegateError `ERR_CACHE_KEY` */
  key(...args: Args): string;
}

/** Results of functions in the store that all processes share. */
export interface FunctionCache {
  /**
   * A function that answers with what is stored for its arguments, and is carried out by one process of all where nothing
   * is. It rejects as the function does. Of the cache itself it tells one thing: `ERR_CACHE_KEY` for arguments that can't be
   * told apart. Where the store fails, the function is carried out.
   * @throws CachegateError `ERR_CONFIG_INVALID` for invalid options
   */
  cached<F extends AsyncFunction>(fn: F, options: CachedOptions<F>): CachedFunction<F>;
  /**
   * Forgets all results that have every one of these tags; answers how many.
   * @throws CachegateError `ERR_STORE_*` where the store could not be told, `ERR_CACHE_KEY` for what is no tag
   */
  invalidate(...tags: [string, ...string[]]): Promise<number>;
  /** Waits for what is being stored, and lets go of the store if it was opened here. Functions are carried out from then on. */
  close(): Promise<void>;
}

/** What cached functions tell; `name` is a function's. What an observer throws is ignored. */
export interface FunctionObserver {
  /** What is stored for a call: a fresh result, one that is stale and will do, or none of use. `counted`: as what it counts. */
  resultLookedUp?(name: string, result: 'hit' | 'stale' | 'miss', counted: string): void;
  /** The function failed, and the call was answered with a stale result (`staleIfError`). */
  staleAnswered?(name: string, error: unknown): void;
  /** The function failed behind an answer with a stale result (`staleWhileRevalidate`). */
  refreshFailed?(name: string, error: unknown): void;
  /** A result is of a kind that can't be stored; it was answered. */
  resultRefused?(name: string, error: CachegateError): void;
  /** The store failed, or could not be opened: the call went on without. */
  storeFailed?(operation: 'open' | 'read' | 'write', error: CachegateError): void;
}
