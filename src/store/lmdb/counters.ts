import { BATCH_TTL_MS, type CountBatch } from '../store.ts';
import { type LmdbTree, read } from './lmdb-module.ts';
import { recordKey } from './record-keys.ts';
import { expiryOf } from './records.ts';
import type { Space } from './space.ts';
import type { Values } from './values.ts';
import type { Turn } from './write-turns.ts';

/** Counters: a value for each key, as JSON, so that they expire, make room and are deleted as values do. */
export interface Counters {
  /** Inside a transaction. */
  add(turn: Turn, key: string, batch: CountBatch, ttlMs: number): void;
}

/** Beside the counters: which batch came last, by source, and until when that is remembered. */
type Batches = Map<string, readonly [sequence: number, until: number]>;

export function createCounters(records: LmdbTree, values: Values, space: Space): Counters {
  function known<V>(turn: Turn, key: string): Map<string, V> {
    const record = read(records, recordKey('v', key));
    return decode(record === undefined || expiryOf(record) <= turn.now ? null : values.bytes(record));
  }

  return {
    add(turn, key, { source, sequence, increments }, ttlMs) {
      const batchesKey = `${key}\0batches`;
      const batches: Batches = known(turn, batchesKey);
      const [last, until] = batches.get(source) ?? [0, 0];
      if (until > turn.now && last >= sequence) return;
      batches.set(source, [sequence, turn.now + BATCH_TTL_MS]);
      const remembered = [...batches].filter(([, [, end]]) => end > turn.now);
      const counts = known<number>(turn, key);
      for (const [name, more] of increments) counts.set(name, (counts.get(name) ?? 0) + more);
      const [batchesBytes, countsBytes] = [encode(remembered), encode(counts)];
      // For both: a batch that is remembered and not added would be lost.
      space.ensure(turn, batchesBytes.length + countsBytes.length);
      values.put(turn, batchesKey, batchesBytes, turn.now + BATCH_TTL_MS, null);
      values.put(turn, key, countsBytes, turn.now + ttlMs, null);
    },
  };
}

/** The counters in a value; none in one that is no counters'. */
export function decodeCounts(bytes: Buffer | null): ReadonlyMap<string, number> {
  return decode(bytes);
}

function encode(entries: Iterable<readonly unknown[]>): Buffer {
  return Buffer.from(JSON.stringify([...entries]));
}

function decode<V>(bytes: Buffer | null): Map<string, V> {
  if (bytes === null) return new Map();
  try {
    return new Map(JSON.parse(bytes.toString()) as [string, V][]);
  } catch {
    return new Map();
  }
}
