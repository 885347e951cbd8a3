import type { LmdbRoot } from './lmdb-module.ts';

/** Reads see the map as it was at one moment; how old that may be at most, in milliseconds. */
export const SNAPSHOT_MS = 1;

/**
 * Answers a function to be called before reading. Reads of one turn of the event loop share a moment, unless the turn is
 * long: whatever asked for them came in before it.
 * @param taken called when a new one begins
 */
export function createSnapshot(records: LmdbRoot, taken: () => void): () => void {
  let takenAt = Number.NEGATIVE_INFINITY;
  let ofThisTurn = false;
  const endTurn = () => {
    ofThisTurn = false;
  };

  return () => {
    const now = performance.now();
    if (ofThisTurn && now - takenAt < SNAPSHOT_MS) return;
    if (!ofThisTurn) setImmediate(endTurn);
    ofThisTurn = true;
    takenAt = now;
    records.resetReadTxn();
    taken();
  };
}
