/**
 * The store port: where bytes are shared. Every backend implements it; all else is written once, on it.
 *
 * A method may answer at once or with a promise: a backend in the same process answers at once, so that a hit
 * costs no turn of the event loop. `null` means "not there". "Unavailable" is always an error, thrown or
 * rejected: a `CachegateError` with one of the `ERR_STORE_*` codes.
 */
export type MaybePromise<T> = T | Promise<T>;

/** The word that statistics and health answers use for a backend. `redis` stands for Valkey too. */
export type StoreKind = 'memory' | 'redis';

export interface StoredValue {
  /** The value as it was set. Not to be written to. */
  readonly bytes: Buffer;
  /** Milliseconds left until the store forgets it, at the time of the answer; more than 0. */
  readonly expiresInMs: number;
}

/** At most `limit` requests in any `windowMs` milliseconds (sliding). Both are whole numbers from 1. */
export interface RateRule {
  readonly limit: number;
  readonly windowMs: number;
}

/** How one rule stands after a `take`. */
export interface RuleState {
  /** Requests that would still be allowed now. */
  readonly remaining: number;
  /** Milliseconds until all of the limit is free again if nothing more is taken. 0: it is all free. */
  readonly resetAfterMs: number;
}

export interface TakeResult {
  readonly allowed: boolean;
  /** Milliseconds until one request would be allowed; 0 when this one was. */
  readonly retryAfterMs: number;
  /** In the order of the rules asked for. */
  readonly rules: readonly RuleState[];
}

export interface SetOptions {
  /** Leave a value that is there as it is, and answer `false`. */
  readonly onlyIfAbsent?: boolean;
}

export interface Store {
  readonly kind: StoreKind;

  /** The values of `keys`, in their order; `null` for a key that is not there. */
  get(keys: readonly string[]): MaybePromise<(StoredValue | null)[]>;

  /** Keeps `bytes` for `ttlMs` (a whole number from 1). Answers whether it was written. */
  set(key: string, bytes: Buffer, ttlMs: number, options?: SetOptions): MaybePromise<boolean>;

  /** Answers how many of the keys were there. */
  delete(keys: readonly string[]): MaybePromise<number>;

  /**
   * Counts one request against every rule of `key`, or, when one of them forbids it, against none.
   * Atomic per key over all processes. A refused request is not counted. The same key is always asked with the
   * same rules; after they changed, what was counted before may be forgotten.
   */
  take(key: string, rules: readonly RateRule[]): MaybePromise<TakeResult>;

  /** Resolves when the store answers. */
  ping(): Promise<void>;

  /** Finishes what is under way, then lets go of every connection and timer. Later calls fail. */
  close(): Promise<void>;
}

/** Upper bound of one value, in bytes, that every backend accepts. */
export const MAX_VALUE_BYTES = 64 * 1024 * 1024;
