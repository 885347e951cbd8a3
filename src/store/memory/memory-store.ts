import { setImmediate as nextTurn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '../../clock.ts';
import { createChanges } from '../changes.ts';
import { createLocalWindows } from '../local-windows.ts';
import { markedCopy } from '../mark.ts';
import { randomPlaces, shareOf } from '../random-places.ts';
import type {
  DropOptions,
  GroupUsage,
  Lease,
  MaybePromise,
  ReplaceOptions,
  SetOptions,
  Store,
  StoredValue,
  Usage,
} from '../store.ts';
import { storeClosed, valueTooLarge } from '../store-errors.ts';
import { createMemoryCounters } from './memory-counters.ts';
import { createMemoryFills } from './memory-fills.ts';
import { createTagIndex } from './tag-index.ts';

export interface MemoryStoreOptions {
  /** Bound of all keys and values together, each with a fixed overhead; the least recently used go first. */
  readonly maxBytes: number;
  readonly clock?: Clock;
}

interface Entry {
  readonly bytes: Buffer;
  readonly expiresAt: number;
  /** Its group; `null`: none. */
  readonly base: string | null;
  readonly tags: readonly string[];
}

/** What an entry takes besides its key and value: the Buffer, the entry, and its place in the LRU list. */
const ENTRY_OVERHEAD_BYTES = 512;
const NO_TAGS: readonly string[] = [];
/** Groups that are dropped before others have their turn. */
const DROPPED_AT_ONCE = 100;

/**
 * The store in this process's memory. Answers at once; a key's `bytes` are the same Buffer at each `get`, until
 * it is set again. Rate limits lie apart from the values, and no value can push them out.
 */
export function createMemoryStore({ maxBytes, clock = systemClock }: MemoryStoreOptions): Store {
  const tagged = createTagIndex();
  /** The keys of groups. */
  const groups = new Map<string, Set<string>>();
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    dispose: (entry, key) => leave(key, entry),
  });
  const fills = createMemoryFills();
  const windows = createLocalWindows();
  const counters = createMemoryCounters();
  const changes = createChanges();
  let closed = false;

  function open(): void {
    if (closed) throw storeClosed();
  }

  function join(key: string, { base, tags }: Entry): void {
    if (base === null) return;
    const keys = groups.get(base);
    if (keys === undefined) groups.set(base, new Set([key]));
    else keys.add(key);
    tagged.add(base, tags);
  }

  function leave(key: string, { base, tags }: Entry): void {
    if (base === null) return;
    const keys = groups.get(base);
    if (keys?.delete(key) && keys.size === 0) groups.delete(base);
    tagged.remove(base, tags);
  }

  function fresh(key: string, now: number): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined || entry.expiresAt > now) return entry;
    entries.delete(key);
    return undefined;
  }

  function read(key: string, now: number): StoredValue | null {
    const entry = fresh(key, now);
    return entry === undefined ? null : { bytes: entry.bytes, expiresInMs: entry.expiresAt - now };
  }

  function put(key: string, entry: Entry, size: number): void {
    entries.set(key, entry, { size });
    // After what it replaces has left.
    join(key, entry);
    changes.changed(key);
  }

  function stands({ group = '', fence, tags = NO_TAGS }: SetOptions, now: number): boolean {
    return fence === undefined || fills.stands(group, fence, tags, now);
  }

  function end(base: string, lease: Lease, barMs = 0): void {
    if (fills.end(base, lease, barMs, clock.now())) changes.wake(base);
  }

  function write(key: string, bytes: Buffer, ttlMs: number, options: SetOptions = {}): boolean {
    const size = sizeOf(key, bytes);
    const refusal = valueTooLarge(bytes.length) ?? valueTooLarge(size, maxBytes);
    if (refusal !== null) throw refusal;
    const now = clock.now();
    if (options.onlyIfAbsent === true && fresh(key, now) !== undefined) return false;
    if (!stands(options, now)) return false;
    const { group: base = null, tags = NO_TAGS, endLease } = options;
    put(key, { bytes: ownCopy(bytes), expiresAt: now + ttlMs, base, tags }, size);
    if (base !== null && endLease !== undefined) end(base, endLease);
    return true;
  }

  function replace(
    key: string,
    expected: Buffer,
    bytes: Buffer,
    ttlMs: number,
    { group, tags }: ReplaceOptions = {},
  ): boolean {
    const now = clock.now();
    const before = fresh(key, now);
    if (before === undefined || !before.bytes.equals(expected)) return false;
    const size = sizeOf(key, bytes);
    const refusal = valueTooLarge(bytes.length) ?? valueTooLarge(size, maxBytes);
    if (refusal !== null) throw refusal;
    const place = { base: group ?? before.base, tags: tags ?? before.tags };
    put(key, { bytes: ownCopy(bytes), expiresAt: now + ttlMs, ...place }, size);
    return true;
  }

  function remove(keys: Iterable<string>): number {
    const now = clock.now();
    let removed = 0;
    for (const key of keys) {
      const counted = counters.remove(key, now);
      if (!counted && (fresh(key, now) === undefined || !entries.delete(key))) continue;
      removed += 1;
      changes.changed(key);
    }
    return removed;
  }

  function mark(keys: Iterable<string>, at: number): number {
    const now = clock.now();
    let marked = 0;
    for (const key of keys) {
      const entry = fresh(key, now);
      if (entry === undefined) continue;
      const bytes = markedCopy(entry.bytes, at);
      if (bytes === null) remove([key]);
      else put(key, { ...entry, bytes }, sizeOf(key, bytes));
      marked += 1;
    }
    return marked;
  }

  function dropOne(base: string, markedAt: number | undefined): boolean {
    const keys = [...(groups.get(base) ?? []), base];
    const held = markedAt === undefined ? remove(keys) : mark(keys, markedAt);
    fills.drop(base);
    changes.dropped(base);
    return held > 0;
  }

  function drop(bases: Iterable<string>, { markedAt }: DropOptions = {}): number {
    let dropped = 0;
    for (const base of bases) if (dropOne(base, markedAt)) dropped += 1;
    return dropped;
  }

  function dropTagged(tags: readonly string[], options?: DropOptions): MaybePromise<number> {
    const [first] = tags;
    // What is being filled has its tags only when it is set.
    if (first !== undefined) fills.dropTag(first);
    changes.tagDropped();
    const bases = tagged.withAll(tags);
    return bases.length <= DROPPED_AT_ONCE ? drop(bases, options) : dropInParts(bases, options);
  }

  async function dropInParts(bases: readonly string[], options: DropOptions | undefined): Promise<number> {
    let dropped = 0;
    for (let at = 0; at < bases.length; at += DROPPED_AT_ONCE) {
      if (at > 0) await nextTurn();
      open();
      dropped += drop(bases.slice(at, at + DROPPED_AT_ONCE), options);
    }
    return dropped;
  }

  /** What there is of a group; `null`: nothing any more. Looking is no use, by which it would stay longer. */
  function weigh(base: string, now: number): GroupUsage | null {
    const keys = groups.get(base) ?? [];
    let [expiresAt, bytes] = [now, 0];
    for (const key of keys) {
      const entry = entries.peek(key);
      if (entry === undefined || entry.expiresAt <= now) continue;
      expiresAt = Math.max(expiresAt, entry.expiresAt);
      bytes += sizeOf(key, entry.bytes);
    }
    return expiresAt === now ? null : { expiresInMs: expiresAt - now, bytes };
  }

  function usage(tags: readonly string[], sampleSize: number): Usage {
    const now = clock.now();
    const sizes = tags.map(tagged.size);
    const places = randomPlaces(sizes, sampleSize);
    const found = places.map(({ list, at }) => weigh(tagged.at(tags[list]!, at), now));
    const sample = found.filter((each) => each !== null);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return { entries: shareOf(total, places.length, sample.length), sample, limitBytes: maxBytes };
  }

  /** Makes a method fail once the store is closed. */
  function guarded<A extends unknown[], T>(method: (...args: A) => T): (...args: A) => T {
    return (...args) => {
      if (closed) throw storeClosed();
      return method(...args);
    };
  }

  return {
    kind: 'memory',
    get: (keys) => {
      open();
      const now = clock.now();
      return keys.map((key) => read(key, now));
    },
    set: guarded(write),
    replace: guarded(replace),
    delete: guarded(remove),
    take: (key, rules, count) => {
      open();
      return windows.take(key, rules, clock.now(), count);
    },
    begin: guarded((base, lease) =>
      fills.begin(base, lease, clock.now(), (waitMs) => changes.wait(base, waitMs)),
    ),
    renew: guarded((base, lease) => fills.renew(base, lease, clock.now())),
    end: guarded(end),
    drop: guarded(drop),
    dropTagged: guarded(dropTagged),
    members: guarded((tag) => ({ bases: tagged.withAll([tag]), cursor: null })),
    confirmed: async () => open(),
    add: guarded((key, batch, ttlMs) => counters.add(key, batch, ttlMs, clock.now())),
    counters: guarded((keys) => keys.map((key) => counters.read(key, clock.now()))),
    usage: guarded(usage),
    listen: changes.listen,
    coherentUntil: () => Number.POSITIVE_INFINITY,
    hearsDrops: () => true,
    ping: async () => open(),
    close: async () => {
      closed = true;
      changes.close();
      entries.clear();
      fills.clear();
      windows.clear();
      counters.clear();
    },
  };
}

function sizeOf(key: string, bytes: Buffer): number {
  return Buffer.byteLength(key) + bytes.length + ENTRY_OVERHEAD_BYTES;
}

/** A copy that keeps no larger buffer alive, as a slice of what a socket read would. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
