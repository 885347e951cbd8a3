import { DROP_TTL_MS } from '../store.ts';
import type { ExpiryIndex } from './expiry-index.ts';
import { type LmdbTree, read } from './lmdb-module.ts';
import { afterPrefix, nameOf, pairKey, pairPrefix, recordKey } from './record-keys.ts';
import { expiryOf, HEADER_BYTES, newRecord, stampOf } from './records.ts';
import type { Turn } from './write-turns.ts';

/** Which groups have which tags, and when tags were dropped. What writes is called inside a transaction only. */
export interface TagMembers {
  /** The group has the tag until `expiresAt` at least. */
  add(turn: Turn, tag: string, base: string, expiresAt: number): void;
  remove(tag: string, base: string): void;
  /** Up to `limit` groups that have the tag, from a cursor on, and where to go on; `null` at the end. */
  part(tag: string, cursor: Buffer | null, limit: number, now: number): MembersPart;
  has(tag: string, base: string, now: number): boolean;
  /** From now on fills that began before are not to be written with this tag. */
  drop(turn: Turn, tag: string): void;
  /** The number of the last drop of any tag. */
  lastDrop(): number;
  /** The number of the tag's last drop; 0: none that any fill under way could have begun before. */
  lastDropOf(tag: string): number;
}

export interface MembersPart {
  readonly bases: readonly string[];
  readonly cursor: Buffer | null;
}

const DROPS = 'sdrops';

export function createTagMembers(records: LmdbTree, index: ExpiryIndex): TagMembers {
  function lastDrop(): number {
    return read(records, DROPS)?.readDoubleBE() ?? 0;
  }

  function add(turn: Turn, tag: string, base: string, expiresAt: number): void {
    const key = pairKey('t', tag, base);
    const before = read(records, key);
    if (before !== undefined && expiryOf(before) >= expiresAt) return;
    const stamp = before === undefined ? turn.stamp() : stampOf(before);
    if (before === undefined) index.add('y', expiresAt, stamp, key);
    // A long base is not to be read from its name.
    const long = nameOf(base) === base ? '' : base;
    const record = newRecord(expiresAt, stamp, Buffer.byteLength(long));
    record.write(long, HEADER_BYTES);
    records.put(key, record);
  }

  function part(tag: string, cursor: Buffer | null, limit: number, now: number): MembersPart {
    const prefix = pairPrefix('t', tag);
    const bases: string[] = [];
    let last: Buffer | null = null;
    let seen = 0;
    for (const { key, value } of records.getRange({
      start: cursor ?? prefix,
      end: afterPrefix(prefix),
      limit: limit + 1,
    })) {
      last = key;
      seen += 1;
      if (seen > limit || expiryOf(value) <= now) continue;
      bases.push(
        value.length === HEADER_BYTES
          ? key.toString('utf8', prefix.length)
          : value.toString('utf8', HEADER_BYTES),
      );
    }
    return { bases, cursor: seen > limit ? last : null };
  }

  return {
    add,
    part,
    lastDrop,
    remove: (tag, base) => void records.remove(pairKey('t', tag, base)),
    has(tag, base, now) {
      const record = read(records, pairKey('t', tag, base));
      return record !== undefined && expiryOf(record) > now;
    },
    drop(turn, tag) {
      const number = Buffer.alloc(8);
      number.writeDoubleBE(lastDrop() + 1);
      records.put(DROPS, number);
      const key = recordKey('d', tag);
      const before = read(records, key);
      const stamp = before === undefined ? turn.stamp() : stampOf(before);
      if (before === undefined) index.add('y', turn.now + DROP_TTL_MS, stamp, key);
      const record = newRecord(turn.now + DROP_TTL_MS, stamp, 8);
      number.copy(record, HEADER_BYTES);
      records.put(key, record);
    },
    lastDropOf: (tag) => read(records, recordKey('d', tag))?.readDoubleBE(HEADER_BYTES) ?? 0,
  };
}
