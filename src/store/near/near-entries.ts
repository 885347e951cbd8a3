import { LRUCache } from 'lru-cache';
import type { StoredValue } from '../store.ts';

/** Copies of stored values in this process, within a bound of bytes; the least recently used go first. */
export interface NearEntries {
  /** The copy of a key's value, with what is left of its time at `now`; `null` when there is none, or none to rely on. */
  find(key: string, now: number): StoredValue | null;
  /**
   * Keeps a copy of what a read brought that was sent at `sentAt`. Answers the value with the Buffer that later finds
   * bring too; its own when it is not kept.
   */
  keep(key: string, value: StoredValue, sentAt: number): StoredValue;
  forget(key: string): void;
  clear(): void;
  /** Says that `more` bytes are kept in memory for as long as a copy's Buffer is. */
  weigh(bytes: Buffer, more: number): void;
  usage(): NearUsage;
}

export interface NearUsage {
  readonly entries: number;
  readonly bytes: number;
  /** Copies that had to make room for others, since the start. */
  readonly evictions: number;
}

export interface NearEntriesOptions {
  /** Bound of keys, values and what is kept beside them, each with a fixed overhead. */
  readonly maxBytes: number;
  /** How long a copy of a key may be used whose changes are not told. */
  readonly maxAgeMs: number;
  readonly coherentUntil: (key: string) => number | null;
}

interface Entry {
  readonly key: string;
  readonly bytes: Buffer;
  readonly expiresAt: number;
  /** The end of its use while changes are not told. */
  readonly agedAt: number;
  readonly size: number;
}

/** What an entry takes besides its key and value: the Buffer, the entry, and its places in the list and the index. */
const ENTRY_OVERHEAD_BYTES = 512;
/** One value may take such a part of the bound: a large one would push out too many that are asked for more often. */
const LARGEST_SHARE = 1 / 8;

export function createNearEntries({ maxBytes, maxAgeMs, coherentUntil }: NearEntriesOptions): NearEntries {
  const maxEntrySize = Math.max(1, Math.floor(maxBytes * LARGEST_SHARE));
  let evictions = 0;
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    maxEntrySize,
    dispose: (_entry, _key, reason) => {
      if (reason === 'evict') evictions += 1;
    },
  });
  const byBytes = new WeakMap<Buffer, Entry>();

  function find(key: string, now: number): StoredValue | null {
    const entry = entries.get(key);
    if (entry === undefined) return null;
    const expiresInMs = Math.floor(entry.expiresAt - now);
    if (expiresInMs < 1) {
      entries.delete(key);
      return null;
    }
    const until = coherentUntil(key);
    // Kept all the same: it can be used again once it is known that nothing was missed.
    return (until ?? entry.agedAt) > now ? { bytes: entry.bytes, expiresInMs } : null;
  }

  function put(entry: Entry, size: number): void {
    entries.set(entry.key, entry, { size });
    byBytes.set(entry.bytes, entry);
  }

  return {
    find,
    keep(key, value, sentAt) {
      const size = key.length + value.bytes.length + ENTRY_OVERHEAD_BYTES;
      if (size > maxEntrySize) return value;
      const bytes = ownCopy(value.bytes);
      const expiresAt = sentAt + value.expiresInMs;
      put({ key, bytes, expiresAt, agedAt: sentAt + maxAgeMs, size }, size);
      return { bytes, expiresInMs: value.expiresInMs };
    },
    forget: (key) => void entries.delete(key),
    clear: () => entries.clear(),
    weigh(bytes, more) {
      const entry = byBytes.get(bytes);
      if (entry === undefined || entries.peek(entry.key) !== entry) return;
      // The cache takes a new size only with a new value.
      put({ ...entry }, entry.size + more);
    },
    usage: () => ({ entries: entries.size, bytes: entries.calculatedSize, evictions }),
  };
}

/** A copy that keeps no larger buffer alive, as a slice of what a socket read would. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
