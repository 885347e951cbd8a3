import type { MaybePromise, Store, StoredValue } from '../store.ts';
import { createLateReads, type ReadNote } from './late-reads.ts';
import { createNearEntries, type NearUsage } from './near-entries.ts';

export interface NearStoreOptions {
  /** Bound of all copies: keys, values and what is kept beside them (`weigh`), each with a fixed overhead. */
  readonly maxBytes: number;
  /** How long a copy may be answered with when the store never tells what others change. */
  readonly maxAgeMs: number;
  /** Whether copies of a key's value may be kept. */
  readonly isNear: (key: string) => boolean;
  /** Milliseconds on the scale of `Store.coherentUntil`. */
  readonly now?: () => number;
}

export interface NearStore extends Store {
  /** Says that `more` bytes are kept in memory for as long as the copy is whose Buffer a `get` brought. */
  weigh(bytes: Buffer, more: number): void;
  /** What the copies take up. */
  copies(): NearUsage;
}

/**
 * A store with copies of what was read from it in this process. A `get` of keys that all have a copy answers at once, with
 * the same Buffers each time; others are asked for. A copy is used for as long as the store says that it would have told
 * of a change, and never longer than the value lives. Rate limits always go to the store.
 */
export function createNearStore(store: Store, options: NearStoreOptions): NearStore {
  const { isNear, now = () => performance.now() } = options;
  const entries = createNearEntries({ ...options, coherentUntil: (key) => store.coherentUntil(key) });
  const reads = createLateReads();

  function forget(key: string): void {
    entries.forget(key);
    reads.changed(key);
  }

  function forgetAll(): void {
    entries.clear();
    reads.lost();
  }

  const leave = store.listen({ changed: forget, dropped: forget, lost: forgetAll });

  function begin(key: string, at: number): ReadNote | null {
    if (!isNear(key)) return null;
    const until = store.coherentUntil(key);
    // A change during the read might not be told.
    return until !== null && until <= at ? null : reads.begin(key);
  }

  function ask(keys: readonly string[], at: number): MaybePromise<(StoredValue | null)[]> {
    const notes = keys.map((key) => begin(key, at));
    const end = (values: readonly (StoredValue | null)[]) =>
      keys.map((key, i) => {
        const note = notes[i]!;
        const value = values[i] ?? null;
        if (note === null || !reads.end(key, note) || value === null) return value;
        return entries.keep(key, value, value.askedAt ?? at);
      });
    const failed = (error: unknown) => {
      end([]);
      throw error;
    };
    try {
      const answer = store.get(keys);
      return answer instanceof Promise ? answer.then(end, failed) : end(answer);
    } catch (error) {
      return failed(error);
    }
  }

  function getMany(keys: readonly string[], at: number): MaybePromise<(StoredValue | null)[]> {
    const found = keys.map((key) => entries.find(key, at));
    const missing = keys.filter((_, i) => found[i] === null);
    if (missing.length === 0) return found;
    const fill = (values: readonly (StoredValue | null)[]) => {
      let next = 0;
      return found.map((copy) => copy ?? values[next++] ?? null);
    };
    const answer = ask(missing, at);
    return answer instanceof Promise ? answer.then(fill) : fill(answer);
  }

  /**
   * A change of this process's own: what is read between the call and its answer may be from before it, and it may be
   * carried out although it failed here.
   */
  function changing<T>(before: () => void, call: () => MaybePromise<T>): MaybePromise<T> {
    before();
    try {
      const answer = call();
      if (answer instanceof Promise) return answer.finally(before);
      before();
      return answer;
    } catch (error) {
      before();
      throw error;
    }
  }

  function forgetKeys(keys: readonly string[]): () => void {
    return () => {
      for (const key of keys) forget(key);
    };
  }

  /** Groups have keys that only the store knows. One that tells of no change is not asked which. */
  function forgetGroups(bases: readonly string[]): () => void {
    const [first] = bases;
    return first !== undefined && store.coherentUntil(first) === null ? forgetAll : forgetKeys(bases);
  }

  return {
    kind: store.kind,
    get(keys) {
      const at = now();
      if (keys.length !== 1) return getMany(keys, at);
      const copy = entries.find(keys[0]!, at);
      return copy === null ? ask(keys, at) : [copy];
    },
    set: (key, bytes, ttlMs, more) =>
      changing(
        () => forget(key),
        () => store.set(key, bytes, ttlMs, more),
      ),
    replace: (key, expected, bytes, ttlMs, more) =>
      changing(
        () => forget(key),
        () => store.replace(key, expected, bytes, ttlMs, more),
      ),
    delete: (keys) => changing(forgetKeys(keys), () => store.delete(keys)),
    take: (key, rules, count) => store.take(key, rules, count),
    begin: (base, lease) => store.begin(base, lease),
    renew: (base, lease) => store.renew(base, lease),
    end: (base, lease, barMs) => store.end(base, lease, barMs),
    drop: (bases, more) => changing(forgetGroups(bases), () => store.drop(bases, more)),
    dropTagged: (tags, more) => changing(forgetGroups(tags), () => store.dropTagged(tags, more)),
    members: (tag, cursor) => store.members(tag, cursor),
    confirmed: () => store.confirmed(),
    add: (key, batch, ttlMs) => store.add(key, batch, ttlMs),
    counters: (keys) => store.counters(keys),
    usage: (tags, sampleSize) => store.usage(tags, sampleSize),
    listen: (listener) => store.listen(listener),
    coherentUntil: (key) => store.coherentUntil(key),
    hearsDrops: (base) => store.hearsDrops(base),
    ...(store.shardOf && { shardOf: (key: string) => store.shardOf!(key) }),
    ping: () => store.ping(),
    async close() {
      leave();
      forgetAll();
      await store.close();
    },
    weigh: entries.weigh,
    copies: entries.usage,
  };
}
