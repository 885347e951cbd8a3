import { createHash } from 'node:crypto';
import type { MapKey } from './lmdb-module.ts';

/**
 * How the records of a map are called. The first byte is the kind:
 *
 *     v key               a value's head            g base              who fills a group
 *     k base key          a key beside its base     r key               rate limit windows
 *     t tag base          a member of a tag         d tag               a tag's last drop
 *     n tag place         the members in a list
 *     x expiry stamp      when values expire        y expiry stamp      when anything else expires
 *     j slot              the journal of drops      s name              single numbers
 *
 * The pieces of values lie in a tree of their own, by the number of the write and of the piece.
 */
export type ExpiringKind = 'v' | 'g' | 'r' | 't' | 'd';
export type ExpiryKind = 'x' | 'y';

/** More of a key than this is said by a digest: LMDB's keys are bounded, and some hold two of ours. */
const KEY_BYTES = 480;
const HEAD_CHARACTERS = 100;

/** The name of a key or tag in the map: itself, unless it is long. */
export function nameOf(key: string): string {
  if (key.length * 3 <= KEY_BYTES || Buffer.byteLength(key) <= KEY_BYTES) return key;
  return `${key.slice(0, HEAD_CHARACTERS)}\0${createHash('sha256').update(key).digest('base64url')}`;
}

export function recordKey(kind: ExpiringKind, key: string): string {
  return kind + nameOf(key);
}

/** The beginning of all keys of a kind with this first part. */
export function pairPrefix(kind: 'k' | 't', first: string): Buffer {
  const name = Buffer.from(nameOf(first));
  const prefix = Buffer.allocUnsafe(3 + name.length);
  prefix.write(kind, 'latin1');
  prefix.writeUInt16BE(name.length, 1);
  name.copy(prefix, 3);
  return prefix;
}

export function pairKey(kind: 'k' | 't', first: string, second: string): Buffer {
  return Buffer.concat([pairPrefix(kind, first), Buffer.from(nameOf(second))]);
}

/** The place of a tag's member in the list of them. */
export function placeKey(tagPrefix: Buffer, place: number): Buffer {
  const key = Buffer.allocUnsafe(tagPrefix.length + 4);
  tagPrefix.copy(key);
  key.write('n', 'latin1');
  key.writeUInt32BE(place, tagPrefix.length);
  return key;
}

/** The tag of a member's key, as the beginning of the keys of all its members. */
export function tagPrefixOf(memberKey: Buffer): Buffer {
  return memberKey.subarray(0, 3 + memberKey.readUInt16BE(1));
}

/** Whether a record is about a member of a tag. */
export function isMemberKey(key: Buffer): boolean {
  return key[0] === MEMBER;
}

const MEMBER = 't'.charCodeAt(0);

/** The least key that no key with this prefix reaches. Prefixes end in text, so their last byte is never 255. */
export function afterPrefix(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return end;
}

/** @param stamp tells apart what expires in the same millisecond */
export function expiryKey(kind: ExpiryKind, expiresAt: number, stamp: number): Buffer {
  const key = Buffer.allocUnsafe(15);
  key.write(kind, 'latin1');
  key.writeUIntBE(expiresAt, 1, 6);
  writeStamp(key, stamp, 7);
  return key;
}

export function stampOfExpiryKey(key: Buffer): number {
  return readStamp(key, 7);
}

export function pieceKey(id: number, index: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  writeStamp(key, id, 0);
  key.writeUInt16BE(index, 8);
  return key;
}

export function journalKey(slot: number): Buffer {
  const key = Buffer.allocUnsafe(3);
  key.write('j', 'latin1');
  key.writeUInt16BE(slot, 1);
  return key;
}

const TWO_32 = 2 ** 32;

export function writeStamp(target: Buffer, stamp: number, at: number): void {
  target.writeUInt32BE(Math.floor(stamp / TWO_32), at);
  target.writeUInt32BE(stamp % TWO_32, at + 4);
}

export function readStamp(source: Buffer, at: number): number {
  return source.readUInt32BE(at) * TWO_32 + source.readUInt32BE(at + 4);
}

/** How LMDB's binding is to write and read keys. */
export const keyEncoder = {
  writeKey(key: MapKey, target: Buffer, start: number): number {
    if (typeof key === 'string') return start + target.write(key, start);
    target.set(key, start);
    return start + key.length;
  },
  readKey(source: Uint8Array, start: number, end: number): Buffer {
    return Buffer.from(source.subarray(start, end));
  },
};
