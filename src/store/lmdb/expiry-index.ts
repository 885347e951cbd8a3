import type { LmdbTree } from './lmdb-module.ts';
import { type ExpiryKind, expiryKey, stampOfExpiryKey } from './record-keys.ts';

/** A record that is to expire, as the index knows it. */
export interface Expiring {
  /** The record's key. */
  readonly key: Buffer;
  /** The stamp that it had; another one since then means that this is no longer about it. */
  readonly stamp: number;
  readonly indexKey: Buffer;
}

/** The order in which records expire, so that nothing is ever looked for by walking over all. */
export interface ExpiryIndex {
  add(kind: ExpiryKind, expiresAt: number, stamp: number, key: string | Buffer): void;
  remove(kind: ExpiryKind, expiresAt: number, stamp: number): void;
  /** What expires soonest, up to `now`, or at any time. */
  soonest(kind: ExpiryKind, limit: number, now?: number): Expiring[];
}

export function createExpiryIndex(records: LmdbTree): ExpiryIndex {
  return {
    add: (kind, expiresAt, stamp, key) =>
      void records.put(expiryKey(kind, expiresAt, stamp), typeof key === 'string' ? Buffer.from(key) : key),
    remove: (kind, expiresAt, stamp) => void records.remove(expiryKey(kind, expiresAt, stamp)),
    soonest(kind, limit, now = LAST - 1) {
      const start = expiryKey(kind, 0, 0);
      const end = expiryKey(kind, now + 1, 0);
      return Array.from(records.getRange({ start, end, limit }), ({ key, value }) => ({
        key: value,
        stamp: stampOfExpiryKey(key),
        indexKey: key,
      }));
    },
  };
}

/** The last instant that fits. */
const LAST = 2 ** 48 - 1;
