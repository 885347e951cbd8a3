import { DROP_TTL_MS } from '../store.ts';
import type { ExpiryIndex } from './expiry-index.ts';
import { type LmdbTree, read } from './lmdb-module.ts';
import { afterPrefix, nameOf, pairKey, pairPrefix, recordKey } from './record-keys.ts';
import { expiryOf, HEADER_BYTES, newRecord, stampOf } from './records.ts';
import { createTagPlaces, PLACE_BYTES } from './tag-places.ts';
import type { Turn } from './write-turns.ts';

/** Which groups have which tags, and when tags were dropped. What writes is called inside a transaction only. */
export interface TagMembers {
  /** The group has the tag until `expiresAt` at least. */
  add(turn: Turn, tag: string, base: string, expiresAt: number): void;
  remove(tag: string, base: string): void;
  /** The same by the key of the member's record. */
  removeKey(key: Buffer): void;
  /** How many groups have the tag, with those that have expired and are not removed yet. */
  count(tag: string): number;
  /** One of them, by its place in no order; `null`: it has expired, or there are no longer so many. */
  at(tag: string, place: number, now: number): string | null;
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

const BASE_AT = HEADER_BYTES + PLACE_BYTES;

export function createTagMembers(records: LmdbTree, index: ExpiryIndex): TagMembers {
  const places = createTagPlaces(records);

  function lastDrop(): number {
    return read(records, DROPS)?.readDoubleBE() ?? 0;
  }

  function add(turn: Turn, tag: string, base: string, expiresAt: number): void {
    const key = pairKey('t', tag, base);
    const before = read(records, key);
    if (before !== undefined && expiryOf(before) >= expiresAt) return;
    const stamp = before === undefined ? turn.stamp() : stampOf(before);
    const place = before === undefined ? places.join(key) : before.readUInt32BE(HEADER_BYTES);
    if (before === undefined) index.add('y', expiresAt, stamp, key);
    // A long base is not to be read from its name.
    const long = nameOf(base) === base ? '' : base;
    const record = newRecord(expiresAt, stamp, PLACE_BYTES + Buffer.byteLength(long));
    record.writeUInt32BE(place, HEADER_BYTES);
    record.write(long, BASE_AT);
    records.put(key, record);
  }

  function removeKey(key: Buffer): void {
    const record = read(records, key);
    if (record === undefined) return;
    places.leave(key, record.readUInt32BE(HEADER_BYTES));
    records.remove(key);
  }

  function baseOf(key: Buffer, record: Buffer, prefixLength: number): string {
    return record.length === BASE_AT ? key.toString('utf8', prefixLength) : record.toString('utf8', BASE_AT);
  }

  function at(tag: string, place: number, now: number): string | null {
    const prefix = pairPrefix('t', tag);
    const key = places.at(prefix, place);
    const record = key === null ? undefined : read(records, key);
    if (key === null || record === undefined || expiryOf(record) <= now) return null;
    return baseOf(key, record, prefix.length);
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
      bases.push(baseOf(key, value, prefix.length));
    }
    return { bases, cursor: seen > limit ? last : null };
  }

  return {
    add,
    part,
    lastDrop,
    remove: (tag, base) => removeKey(pairKey('t', tag, base)),
    removeKey,
    count: (tag) => places.count(pairPrefix('t', tag)),
    at,
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
