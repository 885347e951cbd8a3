import { LRUCache } from 'lru-cache';

/**
 * The keys whose last answer was nobody else's: requests for them do not wait for one another for a while, since the
 * next answer will hardly be different ("hit-for-miss").
 */
export interface UnsharedKeys {
  /** @param storable the answer could be stored all the same, to be validated */
  note(key: string, storable: boolean, now: number): void;
  /** What another process has found, for so long still; what was found otherwise here since then counts more. */
  noteBar(key: string, leftMs: number, now: number): void;
  /** An answer to it was shared. */
  forget(key: string): void;
  /** `null`: it is not known to be unshared. */
  find(key: string, now: number): Unshared | null;
}

export interface Unshared {
  readonly storable: boolean;
}

interface Mark extends Unshared {
  readonly until: number;
  /** It has not held since. */
  readonly isOver: boolean;
}

/** How long a key is remembered. */
export const UNSHARED_MS = 10_000;
const MAX_KEYS = 10_000;

export function createUnsharedKeys(): UnsharedKeys {
  const marks = new LRUCache<string, Mark>({ max: MAX_KEYS });

  function current(key: string, now: number): Mark | null {
    const mark = marks.get(key);
    return mark !== undefined && mark.until > now ? mark : null;
  }

  return {
    note: (key, storable, now) => marks.set(key, { storable, until: now + UNSHARED_MS, isOver: false }),
    noteBar(key, leftMs, now) {
      if (current(key, now) === null) marks.set(key, { storable: true, until: now + leftMs, isOver: false });
    },
    forget(key) {
      const mark = marks.get(key);
      if (mark !== undefined) marks.set(key, { ...mark, isOver: true });
    },
    find(key, now) {
      const mark = current(key, now);
      return mark === null || mark.isOver ? null : mark;
    },
  };
}
