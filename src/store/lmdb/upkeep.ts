import type { Clock } from '../../clock.ts';
import type { ExpiryIndex } from './expiry-index.ts';
import type { LmdbRoot } from './lmdb-module.ts';
import type { Sweep } from './sweep.ts';
import type { WriteTurns } from './write-turns.ts';

/** How often expired records are looked for, and how soon again while there are more. In milliseconds. */
const INTERVAL_MS = 1_000;
const AGAIN_MS = 5;
/** Records that are removed in one transaction. */
const PART = 128;

/**
 * Removes what has expired, a bounded number at a time, and frees what dead processes held. Every process does it:
 * transactions share the work out.
 * @returns a function that ends it
 */
export function startUpkeep(
  records: LmdbRoot,
  turns: WriteTurns,
  index: ExpiryIndex,
  sweep: Sweep,
  clock: Clock,
): () => void {
  let timer: NodeJS.Timeout;
  let stopped = false;

  function later(ms: number): void {
    if (stopped) return;
    timer = setTimeout(() => void once().then(later), ms);
    timer.unref();
  }

  /** Answers when to look again. What fails now is tried again then. */
  async function once(): Promise<number> {
    try {
      records.readerCheck();
      const now = clock.now();
      if (index.soonest('x', 1, now).length + index.soonest('y', 1, now).length === 0) return INTERVAL_MS;
      return (await turns.run((turn) => sweep.expired(turn, PART))) ? AGAIN_MS : INTERVAL_MS;
    } catch {
      return INTERVAL_MS;
    }
  }

  later(INTERVAL_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
