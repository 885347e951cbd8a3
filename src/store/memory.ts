import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '../clock.ts';
import { createLocalWindows } from './local-windows.ts';
import type { SetOptions, Store, StoredValue } from './store.ts';
import { storeClosed, valueTooLarge } from './store-errors.ts';

export interface MemoryStoreOptions {
  /** Bound of all keys and values together, each with a fixed overhead; the least recently used go first. */
  readonly maxBytes: number;
  readonly clock?: Clock;
}

interface Entry {
  readonly bytes: Buffer;
  readonly expiresAt: number;
}

/** What an entry takes besides its key and value: the Buffer, the entry, and its place in the LRU list. */
const ENTRY_OVERHEAD_BYTES = 512;

/**
 * The store in this process's memory. Answers at once; a key's `bytes` are the same Buffer at each `get`, until
 * it is set again. Rate limits lie apart from the values, and no value can push them out.
 */
export function createMemoryStore({ maxBytes, clock = systemClock }: MemoryStoreOptions): Store {
  const entries = new LRUCache<string, Entry>({ maxSize: maxBytes });
  const windows = createLocalWindows();
  let closed = false;

  function open(): void {
    if (closed) throw storeClosed();
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

  function write(key: string, bytes: Buffer, ttlMs: number, options?: SetOptions): boolean {
    const size = Buffer.byteLength(key) + bytes.length + ENTRY_OVERHEAD_BYTES;
    const refusal = valueTooLarge(bytes.length) ?? valueTooLarge(size, maxBytes);
    if (refusal !== null) throw refusal;
    const now = clock.now();
    if (options?.onlyIfAbsent === true && fresh(key, now) !== undefined) return false;
    entries.set(key, { bytes: ownCopy(bytes), expiresAt: now + ttlMs }, { size });
    return true;
  }

  function remove(keys: readonly string[]): number {
    const now = clock.now();
    let removed = 0;
    for (const key of keys) {
      if (fresh(key, now) !== undefined && entries.delete(key)) removed += 1;
    }
    return removed;
  }

  return {
    kind: 'memory',
    get: (keys) => {
      open();
      const now = clock.now();
      return keys.map((key) => read(key, now));
    },
    set: (key, bytes, ttlMs, options) => {
      open();
      return write(key, bytes, ttlMs, options);
    },
    delete: (keys) => {
      open();
      return remove(keys);
    },
    take: (key, rules) => {
      open();
      return windows.take(key, rules, clock.now());
    },
    ping: async () => open(),
    close: async () => {
      closed = true;
      entries.clear();
      windows.clear();
    },
  };
}

/** A copy that keeps no larger buffer alive, as a slice of what a socket read would. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
