import type { CachegateError } from '../../errors.ts';
import type { InFlight } from '../in-flight.ts';
import type { RateRule, StoredValue, TakeResult } from '../store.ts';
import {
  addRead,
  addTake,
  createFusedBatch,
  type FusedBatch,
  rejectBatch,
  resolveBatch,
  scriptArguments,
} from './fused-batch.ts';
import { placesBySlot } from './slot-parts.ts';

/** So much is asked for in one call of the script at most: it holds up the server's other clients. */
const MAX_BATCH = 500;

/** The reads and takes of one turn of the event loop, sent as one command; in a Cluster, as one for each slot. */
export interface FusedReads {
  get(keys: readonly string[]): Promise<(StoredValue | null)[]>;
  take(key: string, rules: readonly RateRule[], count: number): Promise<TakeResult>;
  /** Sends at once what waits for the end of the turn. */
  flush(): void;
}

export interface FusedReadsOptions {
  /** Runs the fused script. */
  readonly run: (args: (string | number)[]) => Promise<unknown>;
  readonly toError: (error: unknown) => CachegateError;
  readonly inFlight: InFlight;
  /** Of a key, where commands must keep to one. */
  readonly slotOf: ((key: string) => number) | null;
}

/**
 * The poll phase reads what came in on many sockets; what they ask the store for is collected, and sent in the
 * check phase that follows.
 */
export function createFusedReads({ run, toError, inFlight, slotOf }: FusedReadsOptions): FusedReads {
  const batches = new Map<number, FusedBatch>();
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    for (const batch of batches.values()) void send(batch);
    batches.clear();
  }

  async function send(batch: FusedBatch): Promise<void> {
    try {
      resolveBatch(batch, (await run(scriptArguments(batch))) as readonly unknown[], toError);
    } catch (error) {
      rejectBatch(batch, toError(error));
    }
    inFlight.leave(batch.size);
  }

  function roomFor(operations: number, slot: number): FusedBatch {
    inFlight.enter(operations);
    let batch = batches.get(slot);
    if (batch !== undefined && batch.size + operations > MAX_BATCH) {
      void send(batch);
      batch = undefined;
    }
    if (batch === undefined) {
      batch = createFusedBatch();
      batches.set(slot, batch);
    }
    if (!scheduled) setImmediate(flush);
    scheduled = true;
    return batch;
  }

  function get(keys: readonly string[]): Promise<(StoredValue | null)[]> {
    if (keys.length === 0) return Promise.resolve([]);
    if (slotOf !== null && keys.length > 1) return getFromSlots(keys, slotOf);
    return getFromOne(keys, slotOf?.(keys[0]!) ?? 0);
  }

  function getFromOne(keys: readonly string[], slot: number): Promise<(StoredValue | null)[]> {
    return keys.length > MAX_BATCH ? getParts(keys, slot) : addRead(roomFor(keys.length, slot), keys);
  }

  async function getParts(keys: readonly string[], slot: number): Promise<(StoredValue | null)[]> {
    const parts: (readonly string[])[] = [];
    for (let at = 0; at < keys.length; at += MAX_BATCH) parts.push(keys.slice(at, at + MAX_BATCH));
    return (await Promise.all(parts.map(async (part) => getFromOne(part, slot)))).flat();
  }

  async function getFromSlots(
    keys: readonly string[],
    slotOf: (key: string) => number,
  ): Promise<(StoredValue | null)[]> {
    const found: (StoredValue | null)[] = Array(keys.length).fill(null);
    const reads = [...placesBySlot(keys, slotOf)].map(async ([slot, places]) => {
      const values = await getFromOne(
        places.map((place) => keys[place]!),
        slot,
      );
      places.forEach((place, i) => {
        found[place] = values[i]!;
      });
    });
    await Promise.all(reads);
    return found;
  }

  return {
    get,
    take: (key, rules, count) => addTake(roomFor(1, slotOf?.(key) ?? 0), key, rules, count),
    flush,
  };
}
