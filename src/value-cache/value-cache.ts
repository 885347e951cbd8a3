/** Values of an application by name, in the store that all processes share. Values are JSON. */
export interface ValueCache {
  /** The value; `undefined` where there is none, or the store is away (which is logged). */
  get<T = unknown>(key: string): Promise<T | undefined>;
  /**
   * Keeps a value. Answers whether it is kept: not while the store is away.
   * @throws CachegateError `ERR_CACHE_VALUE` for what JSON can't carry, `ERR_CACHE_KEY` for a key that is no text of 1 to 1,024 characters
   */
  set(key: string, value: unknown, options: ValueOptions): Promise<boolean>;
  /** Answers whether it was there; `false` too while the store is away. */
  delete(key: string): Promise<boolean>;
  /** The value, or what `make` makes: one call at a time for all processes. `make` runs also where the store is away. */
  remember<T>(key: string, options: ValueOptions, make: () => Promise<T>): Promise<T>;
  /** Deletes all that have every one of these tags; answers how many. @throws CachegateError `ERR_STORE_*` */
  invalidate(...tags: [string, ...string[]]): Promise<number>;
}

export interface ValueOptions {
  readonly ttlSeconds: number;
  readonly tags?: readonly string[];
}
