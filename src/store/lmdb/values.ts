import { markedCopy } from '../mark.ts';
import type { ExpiryIndex } from './expiry-index.ts';
import { type LmdbTree, read } from './lmdb-module.ts';
import { nameOf, pairKey, pieceKey, recordKey } from './record-keys.ts';
import {
  decodeHead,
  encodeHead,
  expiryOf,
  type Head,
  INLINE_BYTES,
  inlineBytes,
  PIECE_BYTES,
} from './records.ts';
import type { Turn } from './write-turns.ts';

/** The values of a map. What writes is called inside a transaction only. */
export interface Values {
  /** The head of a value that has not expired. */
  head(key: string, now: number): Head | null;
  /** The value that a head's record stands for; the record may be written over meanwhile. `null`: it is damaged. */
  bytes(record: Buffer): Buffer | null;
  /** @param base of its group; `null`: it is in none */
  put(turn: Turn, key: string, bytes: Buffer, expiresAt: number, base: string | null): void;
  /** Answers whether it was there. */
  remove(turn: Turn, key: string): boolean;
  /** Marks a value, or removes one that has no room for a mark. Answers whether it was there. */
  mark(turn: Turn, key: string, markedAt: number): boolean;
}

export function createValues(records: LmdbTree, pieces: LmdbTree, index: ExpiryIndex): Values {
  /** The head, of an expired value too. */
  function any(key: string): Head | null {
    const record = read(records, recordKey('v', key));
    return record === undefined ? null : decodeHead(record);
  }

  function bytes(record: Buffer): Buffer | null {
    const { length, pieces: id } = decodeHead(record);
    if (id === null) return inlineBytes(record);
    const whole = Buffer.allocUnsafeSlow(length);
    for (let at = 0, i = 0; at < length; at += PIECE_BYTES, i++) {
      const piece = read(pieces, pieceKey(id, i));
      if (piece === undefined) return null;
      piece.copy(whole, at, 0, piece.length);
    }
    return whole;
  }

  function putPieces(id: number, bytes: Buffer): void {
    for (let at = 0, i = 0; at < bytes.length; at += PIECE_BYTES, i++) {
      // The numbers grow, so that pages are filled one after the other.
      pieces.put(pieceKey(id, i), bytes.subarray(at, at + PIECE_BYTES), { append: true });
    }
  }

  function removePieces({ pieces: id, length }: Head): void {
    if (id === null) return;
    for (let at = 0, i = 0; at < length; at += PIECE_BYTES, i++) pieces.remove(pieceKey(id, i));
  }

  function writeHead(key: string, head: Head, inline: Buffer | null): void {
    const name = recordKey('v', key);
    records.put(name, encodeHead(head, inline));
    index.add('x', head.expiresAt, head.stamp, name);
  }

  function put(turn: Turn, key: string, bytes: Buffer, expiresAt: number, base: string | null): void {
    const before = any(key);
    const beside = base === key ? null : base;
    if (before !== null) {
      index.remove('x', before.expiresAt, before.stamp);
      removePieces(before);
      if (before.base !== beside) leaveGroup(before.base, key);
    }
    const stamp = turn.stamp();
    const inline = bytes.length <= INLINE_BYTES;
    if (!inline) putPieces(stamp, bytes);
    const head = { expiresAt, stamp, length: bytes.length, pieces: inline ? null : stamp, base: beside };
    writeHead(key, head, inline ? bytes : null);
    if (beside !== null && before?.base !== beside) joinGroup(beside, key);
    turn.changed(key);
  }

  function joinGroup(base: string, key: string): void {
    // A long key is not to be read from its name.
    records.put(pairKey('k', base, key), nameOf(key) === key ? NOTHING : Buffer.from(key));
  }

  function leaveGroup(base: string | null, key: string): void {
    if (base !== null) records.remove(pairKey('k', base, key));
  }

  function remove(turn: Turn, key: string): boolean {
    const before = any(key);
    if (before === null) return false;
    records.remove(recordKey('v', key));
    index.remove('x', before.expiresAt, before.stamp);
    removePieces(before);
    leaveGroup(before.base, key);
    if (before.expiresAt <= turn.now) return false;
    turn.changed(key);
    return true;
  }

  function mark(turn: Turn, key: string, markedAt: number): boolean {
    const record = read(records, recordKey('v', key));
    if (record === undefined || expiryOf(record) <= turn.now) return false;
    const head = decodeHead(record);
    const marked = markedStart(head, record, markedAt);
    if (marked === null) return remove(turn, key);
    index.remove('x', head.expiresAt, head.stamp);
    if (head.pieces !== null) pieces.put(pieceKey(head.pieces, 0), marked);
    writeHead(key, { ...head, stamp: turn.stamp() }, head.pieces === null ? marked : null);
    turn.changed(key);
    return true;
  }

  /** A marked copy of the value or of its first piece; `null`: there is no room for a mark. */
  function markedStart(head: Head, record: Buffer, markedAt: number): Buffer | null {
    const start = head.pieces === null ? inlineBytes(record) : read(pieces, pieceKey(head.pieces, 0));
    return start === undefined ? null : markedCopy(start, markedAt);
  }

  return {
    head(key, now) {
      const head = any(key);
      return head === null || head.expiresAt <= now ? null : head;
    },
    bytes,
    put,
    remove,
    mark,
  };
}

const NOTHING = Buffer.alloc(0);
