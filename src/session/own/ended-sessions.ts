import { LRUCache } from 'lru-cache';
import type { Store } from '../../store/store.ts';

/** Sessions that this process knows to have ended, by their keys: what JWT-only mode honours though it asks nobody. */
export interface EndedSessions {
  add(key: string): void;
  has(key: string): boolean;
  close(): void;
}

// A key and its entry are some 200 bytes.
const REMEMBERED = 100_000;

/** Hears of ends in other processes from the store. @param lifeMs for so long a token may vouch for a session at most */
export function createEndedSessions(store: Store | null, lifeMs: number, now: () => number): EndedSessions {
  const ended = new LRUCache<string, true>({
    max: REMEMBERED,
    ttl: lifeMs,
    ttlResolution: 0,
    perf: { now },
  });
  const add = (key: string) => void ended.set(key, true);
  // Of other keys too, which take no room for long.
  const leave = store?.listen({ dropped: (base) => void (base.includes('ownsession:') && add(base)) });
  return { add, has: (key) => ended.has(key), close: () => leave?.() };
}
