import { LRUCache } from 'lru-cache';
import { CachegateError } from '../../errors.ts';
import type { Members, StoredValue } from '../store.ts';
import type { LmdbTree } from './lmdb-module.ts';
import { recordKey } from './record-keys.ts';
import { expiryOf, stampOf } from './records.ts';
import type { TagMembers } from './tag-members.ts';
import type { Values } from './values.ts';

/** Reads values. */
export interface Reads {
  /**
   * The same Buffer for a key until it is written again, as long as it is kept.
   * @throws CachegateError `ERR_STORE_UNAVAILABLE` when the map can't be read.
   */
  values(keys: readonly string[], now: number): (StoredValue | null)[];
  /**
   * The groups that have a tag, as `Store.members` does.
   * @throws CachegateError `ERR_STORE_UNAVAILABLE` when the map can't be read.
   */
  members(tag: string, cursor: string | null, now: number): Members;
  /**
   * Carries out what reads the map, on a recent state of it.
   * @throws CachegateError `ERR_STORE_UNAVAILABLE` when the map can't be read.
   */
  reading<T>(work: () => T): T;
  /** Lets go of a copy that has become old. */
  forget(key: string): void;
  clear(): void;
}

interface Copy {
  readonly stamp: number;
  readonly bytes: Buffer;
}

/** What a copy takes besides its key and bytes. */
const COPY_OVERHEAD_BYTES = 256;
/** So many are told at a time. */
const MEMBERS = 500;

/**
 * Each read asks the map for the value's stamp; only when it is another than the copy's are the bytes read.
 * @param fresh makes the next reads see what others have written
 * @param copiesBytes bound of the copies of values in this process
 */
export function createReads(
  records: LmdbTree,
  { values, members }: { values: Values; members: TagMembers },
  fresh: () => void,
  copiesBytes: number,
): Reads {
  const copies = new LRUCache<string, Copy>({ maxSize: copiesBytes });

  function read(key: string, now: number): StoredValue | null {
    const record = records.getBinaryFast(recordKey('v', key));
    if (record === undefined) return null;
    const expiresInMs = expiryOf(record) - now;
    if (expiresInMs <= 0) return null;
    const stamp = stampOf(record);
    const copy = copies.get(key);
    if (copy !== undefined && copy.stamp === stamp) return { bytes: copy.bytes, expiresInMs };
    const bytes = values.bytes(record.subarray(0, record.length));
    if (bytes === null) return null;
    copies.set(key, { stamp, bytes }, { size: key.length + bytes.length + COPY_OVERHEAD_BYTES });
    return { bytes, expiresInMs };
  }

  function membersOf(tag: string, cursor: string | null, now: number): Members {
    const from = cursor === null ? null : Buffer.from(cursor, 'base64url');
    const part = members.part(tag, from, MEMBERS, now);
    return { bases: part.bases, cursor: part.cursor?.toString('base64url') ?? null };
  }

  function reading<T>(work: () => T): T {
    try {
      fresh();
      return work();
    } catch (cause) {
      if (cause instanceof CachegateError) throw cause;
      throw new CachegateError('ERR_STORE_UNAVAILABLE', "Store's file can't be read", { cause });
    }
  }

  return {
    values: (keys, now) => reading(() => keys.map((key) => read(key, now))),
    members: (tag, cursor, now) => reading(() => membersOf(tag, cursor, now)),
    reading,
    forget: (key) => void copies.delete(key),
    clear: () => copies.clear(),
  };
}
