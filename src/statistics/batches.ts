import { randomUUID } from 'node:crypto';
import { hasCode } from '../errors.ts';
import type { CountBatch, Store } from '../store/store.ts';

/** Brings counts into the store, each once, whatever becomes of an answer. */
export interface Batches {
  /** Sends what was sent before and not confirmed; then what `next` gives, under its key. Fails as the store does. */
  send(next: () => Increments | null): Promise<void>;
  /** What is not known to have been counted, for want of an answer. */
  unsure(): Increments | null;
  /** The same where it is known not to have been. */
  refused(): Increments | null;
}

export interface Increments {
  readonly key: string;
  /** Whole numbers from 1, by the counter's name. */
  readonly counts: ReadonlyMap<string, number>;
}

interface Sent extends Increments {
  readonly batch: CountBatch;
  mayBeThere: boolean;
}

/** Whether the store has certainly done nothing. */
function isRefusal(error: unknown): boolean {
  return hasCode(error, 'ERR_STORE_UNWRITABLE') || hasCode(error, 'ERR_STORE_CIRCUIT_OPEN');
}

/** To be asked one at a time. @param ttlMs for which the counters stay after the last batch */
export function createBatches(store: Store, ttlMs: number): Batches {
  const source = randomUUID();
  let sequence = 0;
  let unsure: Sent | null = null;

  async function deliver(): Promise<void> {
    if (unsure === null) return;
    try {
      await store.add(unsure.key, unsure.batch, ttlMs);
    } catch (error) {
      if (!isRefusal(error)) unsure.mayBeThere = true;
      throw error;
    }
    unsure = null;
  }

  return {
    unsure: () => unsure,
    refused: () => (unsure === null || unsure.mayBeThere ? null : unsure),
    async send(next) {
      // With its sequence, so that the store knows it where only the answer was lost.
      await deliver();
      const given = next();
      if (given === null || given.counts.size === 0) return;
      sequence += 1;
      unsure = { ...given, batch: { source, sequence, increments: given.counts }, mayBeThere: false };
      await deliver();
    },
  };
}
