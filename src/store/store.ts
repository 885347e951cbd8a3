/**
 * The store port: where bytes are shared. Every backend implements it; all else is written once, on it.
 *
 * A method may answer at once or with a promise: a backend in the same process answers at once, so that a hit
 * costs no turn of the event loop. `null` means "not there". "Unavailable" is always an error, thrown or
 * rejected: a `CachegateError` with one of the `ERR_STORE_*` codes.
 *
 * Values that belong together form a *group*, named by its first key, the *base*: a stored response with its variants
 * and the pieces of its body, or a session's verdict. All keys of a group hold the same Cluster hash tag as the base, or
 * the base is its only key. A group is dropped as a whole, is found by tags, and knows who fills it.
 */
export type MaybePromise<T> = T | Promise<T>;

/** The word that statistics and health answers use for a backend. `redis` stands for Valkey too. */
export type StoreKind = 'memory' | 'lmdb' | 'redis' | 'kv-rest';

export interface StoredValue {
  /** The value as it was set. Not to be written to. */
  readonly bytes: Buffer;
  /** Milliseconds left until the store forgets it, at the time of the answer; more than 0. */
  readonly expiresInMs: number;
  /** When it was asked for, in milliseconds of `performance.now()`, where that was before the `get` that brought it. */
  readonly askedAt?: number;
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
  /** All that was asked for was let in. */
  readonly allowed: boolean;
  /** Milliseconds until one request would be allowed; 0 when all of these were. */
  readonly retryAfterMs: number;
  /** In the order of the rules asked for. */
  readonly rules: readonly RuleState[];
}

/**
 * Says that nothing of a group was dropped between its `begin` and a write. Opaque, and of use only to the store that
 * gave it.
 */
export type Fence = string;

export interface SetOptions {
  /** Leave a value that is there as it is, and answer `false`. */
  readonly onlyIfAbsent?: boolean;
  /** The base of the group that the key belongs to; may be the key itself. Without it, the key is in no group. */
  readonly group?: string;
  /**
   * Write only if neither the group nor anything with one of `tags` was dropped since the `begin` that gave this fence;
   * else answer `false`. Needs `group`.
   */
  readonly fence?: Fence;
  /** Keys (`StoreKeys.tag`) of the tags that the group is found by from now on, for as long as the value lasts. Needs `group`. */
  readonly tags?: readonly string[];
  /**
   * Gives a lease of the group back with the write, as `end` would; what is not written leaves it as it is. Needs `group`.
   */
  readonly endLease?: Lease;
}

export interface ReplaceOptions {
  /** The base of the group that the value belongs to from now on. Without it, it stays in the one it is in. */
  readonly group?: string;
  /** As `SetOptions.tags`. A value that is to be found longer than before is replaced with its group and tags again. */
  readonly tags?: readonly string[];
}

/** The right to fill something of a group alone, for `ttlMs` milliseconds at a time. */
export interface Lease {
  /** What of the group it is about; several names exclude each other in nothing. */
  readonly name: string;
  /** Who asks: unique to a fill. The same holder is granted it again. */
  readonly holder: string;
  readonly ttlMs: number;
}

export type LeaseState =
  /** The asker's, until it is ended or runs out. */
  | { readonly kind: 'held' }
  /** Another's, for `leftMs` more unless renewed. */
  | {
      readonly kind: 'taken';
      readonly leftMs: number;
      /**
       * Settles when the group may have changed since the call (a lease ended, something was dropped; or for no reason),
       * after `waitMs` at the latest. Never rejects.
       */
      changed(waitMs: number): Promise<void>;
    }
  /** Whoever held it last found that there is nothing to wait for, `leftMs` milliseconds from now on too. */
  | { readonly kind: 'barred'; readonly leftMs: number };

/** The beginning of a fill. */
export interface Begun {
  readonly fence: Fence;
  /** `null` when none was asked for. */
  readonly lease: LeaseState | null;
}

export interface DropOptions {
  /**
   * Instead of deleting, marks every value of the group (which must be `MARK_OFFSET + MARK_BYTES` long at least, and is
   * deleted if not) with this instant, in milliseconds since the epoch, in place of its bytes from `MARK_OFFSET` on.
   */
  readonly markedAt?: number;
}

/** What a process is told of changes, its own included. */
export interface StoreListener {
  /** A value was written, marked, deleted, or forgotten before its time. */
  changed?(key: string): void;
  /**
   * A group was dropped: what is being fetched for it is older than that. Told of every group that was being filled, and
   * of those that held a value if they were dropped by their base (`drop`).
   */
  dropped?(base: string): void;
  /** Groups were dropped by a tag: what is being fetched may turn out to have it. */
  tagDropped?(): void;
  /** Changes may have been missed: all that is kept of the store's values may be old. */
  lost?(): void;
}

export interface Store {
  readonly kind: StoreKind;

  /** The values of `keys`, in their order; `null` for a key that is not there. */
  get(keys: readonly string[]): MaybePromise<(StoredValue | null)[]>;

  /** Keeps `bytes` for `ttlMs` (a whole number from 1). Answers whether it was written. */
  set(key: string, bytes: Buffer, ttlMs: number, options?: SetOptions): MaybePromise<boolean>;

  /** Sets a value that is there and equal to `expected`. Answers whether it was written. Atomic over all processes. */
  replace(
    key: string,
    expected: Buffer,
    bytes: Buffer,
    ttlMs: number,
    options?: ReplaceOptions,
  ): MaybePromise<boolean>;

  /** Answers how many of the keys were there. */
  delete(keys: readonly string[]): MaybePromise<number>;

  /**
   * Counts `count` requests (1 by default) against every rule of `key`: as many of them as no rule forbids, and no more.
   * Atomic per key over all processes. The same key is always asked with the same rules; after they changed, what was
   * counted before may be forgotten.
   */
  take(key: string, rules: readonly RateRule[], count?: number): MaybePromise<TakeResult>;

  /** Begins a fill of the group: notes how it stands, and asks for a lease if one is given. */
  begin(base: string, lease?: Lease): MaybePromise<Begun>;

  /** Lengthens a lease to `ttlMs` from now. Answers whether the holder still has it. */
  renew(base: string, lease: Lease): MaybePromise<boolean>;

  /** Gives a lease back if the holder has it; with `barMs`, nobody is granted it for so long, and nobody waits. */
  end(base: string, lease: Lease, barMs?: number): MaybePromise<void>;

  /** Drops groups: all their values, leases and fences. Answers how many of them held a value. */
  drop(bases: readonly string[], options?: DropOptions): MaybePromise<number>;

  /** Drops all groups that have every one of these tags (keys). Answers how many of them held a value. */
  dropTagged(tags: readonly string[], options?: DropOptions): MaybePromise<number>;

  /**
   * The bases of the groups that have a tag, a part at a time in no order, from `cursor` (`null`: the beginning) on.
   * A group that is there all the while is told at least once; one may be told that is no longer there.
   */
  members(tag: string, cursor: string | null): MaybePromise<Members>;

  /**
   * Resolves when what was dropped before the call is answered by no process any more: each has heard of it, or keeps
   * nothing so long.
   */
  confirmed(): Promise<void>;

  /**
   * Adds to the counters under `key`, which stay for `ttlMs` from the last batch on. A batch with the sequence of one that
   * the same source has sent before, or a lower one, is left out (so long as that is remembered, `BATCH_TTL_MS`): one whose
   * answer was lost can be sent again. Atomic over all processes. A key of counters holds nothing else, and is in no group.
   */
  add(key: string, batch: CountBatch, ttlMs: number): MaybePromise<void>;

  /** The counters under each of `keys`, in their order; none where there is nothing. */
  counters(keys: readonly string[]): MaybePromise<ReadonlyMap<string, number>[]>;

  /**
   * What the groups with one of these tags (keys) take up, by a random sample of at most `sampleSize` of them in which each
   * group is as likely as any other. Touches so many groups, and never walks all. A group that has several of the tags
   * counts as many times.
   */
  usage(tags: readonly string[], sampleSize: number): MaybePromise<Usage>;

  /** Tells of changes for as long as the answer is not called. A store that can't know of others' tells of its own. */
  listen(listener: StoreListener): () => void;

  /**
   * Until when, in milliseconds of `performance.now()`, a copy of a key's value may be answered with unless the store
   * tells otherwise before; 0: not now. `null`: the store never tells what others change.
   */
  coherentUntil(key: string): number | null;

  /** Whether this process would have been told by now if another had dropped the group a while ago. */
  hearsDrops(base: string): boolean;

  /** What serves a key now, where several servers share the keys; one that fails is no reason to leave the others alone. */
  shardOf?(key: string): string;

  /** Resolves when the store answers. */
  ping(): Promise<void>;

  /** Finishes what is under way, then lets go of every connection and timer. Later calls fail. */
  close(): Promise<void>;
}

/** Counts of one process on their way to the store. */
export interface CountBatch {
  /** Unique to the process. */
  readonly source: string;
  /** Rises with each batch of the source; a whole number from 1. */
  readonly sequence: number;
  /** Whole numbers from 1, by the counter's name. */
  readonly increments: ReadonlyMap<string, number>;
}

export interface Usage {
  /** How many groups there are; an estimate where the store evicts by itself and its indexes do not know of it. */
  readonly entries: number;
  /** Groups picked at random that are there, or all where there are no more. */
  readonly sample: readonly GroupUsage[];
  /** What the store as a whole may hold, in bytes; `null`: nobody has said, or it can't be asked. */
  readonly limitBytes: number | null;
}

export interface GroupUsage {
  /** Milliseconds until the store forgets the last of the group's values; more than 0. */
  readonly expiresInMs: number;
  /** All its keys and values, with the store's own cost of each where the store tells it. */
  readonly bytes: number;
}

export interface Members {
  readonly bases: readonly string[];
  /** Where to go on; `null` at the end. */
  readonly cursor: string | null;
}

/** Upper bound of one value, in bytes, that every backend accepts. */
export const MAX_VALUE_BYTES = 64 * 1024 * 1024;

/**
 * Where a value of a group has room for a mark (`DropOptions.markedAt`): zero bytes, or an instant as a big-endian number.
 * From a multiple of three on and as long, so that in base64 it lies in characters of its own.
 */
export const MARK_OFFSET = 3;
export const MARK_BYTES = 6;

/** For how long it is remembered which batch of a source came last. */
export const BATCH_TTL_MS = 3_600_000;
/** How long a fill may go on without a `begin` or a `renew` of its group before its fence falls. */
export const FILL_TTL_MS = 120_000;
/** How long it is remembered that a tag was dropped: longer than any fill lasts. */
export const DROP_TTL_MS = 3_600_000;
