import { LRUCache } from 'lru-cache';
import { BATCH_TTL_MS, type CountBatch } from '../store.ts';

/** Counters of a store in this process. Times are in milliseconds. */
export interface MemoryCounters {
  add(key: string, batch: CountBatch, ttlMs: number, now: number): void;
  read(key: string, now: number): ReadonlyMap<string, number>;
  /** Answers whether there were any. */
  remove(key: string, now: number): boolean;
  clear(): void;
}

interface Counted {
  readonly counts: Map<string, number>;
  expiresAt: number;
}

interface Batch {
  readonly sequence: number;
  readonly expiresAt: number;
}

const NONE: ReadonlyMap<string, number> = new Map();

/** @param max so many counters are kept, and so many sources' last batches: the longest unused go */
export function createMemoryCounters(max = 200_000): MemoryCounters {
  const counted = new LRUCache<string, Counted>({ maxSize: max });
  const batches = new LRUCache<string, Batch>({ maxSize: max, sizeCalculation: () => 1 });

  function fresh(key: string, now: number): Counted | undefined {
    const known = counted.get(key);
    if (known === undefined || known.expiresAt > now) return known;
    counted.delete(key);
    return undefined;
  }

  function isSentBefore(name: string, sequence: number, now: number): boolean {
    const last = batches.get(name);
    return last !== undefined && last.expiresAt > now && last.sequence >= sequence;
  }

  return {
    add(key, { source, sequence, increments }, ttlMs, now) {
      const name = JSON.stringify([key, source]);
      if (isSentBefore(name, sequence, now)) return;
      batches.set(name, { sequence, expiresAt: now + BATCH_TTL_MS });
      const { counts } = fresh(key, now) ?? { counts: new Map<string, number>() };
      for (const [counter, more] of increments) counts.set(counter, (counts.get(counter) ?? 0) + more);
      if (counts.size > 0) counted.set(key, { counts, expiresAt: now + ttlMs }, { size: counts.size });
    },
    read: (key, now) => new Map(fresh(key, now)?.counts ?? NONE),
    remove: (key, now) => fresh(key, now) !== undefined && counted.delete(key),
    clear() {
      counted.clear();
      batches.clear();
    },
  };
}
