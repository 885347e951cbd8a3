import { LRUCache } from 'lru-cache';

/**
 * The keys whose last answer was nobody else's: requests for them do not wait for one another for a while, since the
 * next answer will hardly be different ("hit-for-miss").
 */
export interface UnsharedKeys {
  note(key: string, now: number): void;
  forget(key: string): void;
  has(key: string, now: number): boolean;
}

/** How long a key is remembered. */
const REMEMBERED_MS = 10_000;
const MAX_KEYS = 10_000;

export function createUnsharedKeys(): UnsharedKeys {
  const until = new LRUCache<string, number>({ max: MAX_KEYS });
  return {
    note: (key, now) => until.set(key, now + REMEMBERED_MS),
    forget: (key) => until.delete(key),
    has: (key, now) => (until.get(key) ?? 0) > now,
  };
}
