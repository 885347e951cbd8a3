import type { Store } from '../store/store.ts';

/** All sessions of a kind, found by the tags of its index. */
export interface MiddlewareSessionList {
  /** Reads each that is there, once. @throws CachegateError `ERR_STORE_*` */
  read(visit: (bytes: Buffer) => void): Promise<void>;
  /** Ends each. @throws CachegateError `ERR_STORE_*` */
  drop(): Promise<void>;
}

// What is asked for at once: a few round trips for many tags, and no flood for a store with many sessions.
const TAGS_AT_ONCE = 8;
const KEYS_AT_ONCE = 100;

export function createMiddlewareSessionList(store: Store, tags: readonly string[]): MiddlewareSessionList {
  /** Takes some keys at a time to `visit`, each once. */
  async function walk(visit: (keys: readonly string[]) => Promise<void>): Promise<void> {
    const left = [...tags];
    const walkOn = async () => {
      for (let tag = left.pop(); tag !== undefined; tag = left.pop()) await walkTag(tag, visit);
    };
    await Promise.all(Array.from({ length: TAGS_AT_ONCE }, walkOn));
  }

  async function walkTag(tag: string, visit: (keys: readonly string[]) => Promise<void>): Promise<void> {
    // One that is written meanwhile may be told twice.
    const seen = new Set<string>();
    let cursor: string | null = null;
    do {
      const members = await store.members(tag, cursor);
      const keys = members.bases.filter((base) => !seen.has(base));
      for (const key of keys) seen.add(key);
      for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) await visit(keys.slice(at, at + KEYS_AT_ONCE));
      cursor = members.cursor;
    } while (cursor !== null);
  }

  return {
    read: (visit) =>
      walk(async (keys) => {
        for (const value of await store.get(keys)) if (value !== null) visit(value.bytes);
      }),
    drop: () =>
      walk(async (keys) => {
        await store.drop(keys);
      }),
  };
}
