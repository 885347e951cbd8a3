import { LRUCache } from 'lru-cache';

/** When those who wait for another's fill look again: nothing tells them of its end, and each look is paid for. */
export interface Looks {
  /** Milliseconds from now until a holder who waits looks again; longer each time. */
  nextAfterMs(holder: string): number;
}

const FIRST_MS = 100;
const LONGEST_MS = 1_000;
/** A look comes at most so much later than what it looks for, by the time that was waited for. */
const GROWTH = 1.5;
/** Who is forgotten looks more often. */
const WAITING = 1_000;

export function createLooks(): Looks {
  const last = new LRUCache<string, number>({ max: WAITING });
  return {
    nextAfterMs(holder) {
      const before = last.get(holder);
      const next = before === undefined ? FIRST_MS : Math.min(LONGEST_MS, before * GROWTH);
      last.set(holder, next);
      return next;
    },
  };
}
