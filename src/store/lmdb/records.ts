import { readStamp, writeStamp } from './record-keys.ts';

/**
 * Every record that expires begins so: flags (1 byte), the instant of its expiry in milliseconds since the epoch (6), and
 * a stamp (8) that no other record ever had. Numbers are big-endian.
 */
export const HEADER_BYTES = 15;

const FLAGS_AT = 0;
const EXPIRY_AT = 1;
const EXPIRY_BYTES = 6;
const STAMP_AT = 7;
const LENGTH_AT = 15;
const PIECES_AT = 19;

const IN_PIECES = 1;
const IN_GROUP = 2;

/** Values up to here lie in their head, longer ones in pieces beside it. */
export const INLINE_BYTES = 160;
/** What fits in one page of the map, so that any free page will do for a piece. */
export const PIECE_BYTES = 4_072;

export function expiryOf(record: Buffer): number {
  return record.readUIntBE(EXPIRY_AT, EXPIRY_BYTES);
}

export function stampOf(record: Buffer): number {
  return readStamp(record, STAMP_AT);
}

/** A record with a header and room for `bytes` more. */
export function newRecord(expiresAt: number, stamp: number, bytes: number): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + bytes);
  record[FLAGS_AT] = 0;
  record.writeUIntBE(expiresAt, EXPIRY_AT, EXPIRY_BYTES);
  writeStamp(record, stamp, STAMP_AT);
  return record;
}

/** What is known of a value without its bytes. */
export interface Head {
  readonly expiresAt: number;
  readonly stamp: number;
  /** Of the value, in bytes. */
  readonly length: number;
  /** Under which number its pieces lie; `null`: its bytes follow the head. */
  readonly pieces: number | null;
  /** The base of its group, if it is another key. */
  readonly base: string | null;
}

/** @param inline the value's bytes, where they follow the head */
export function encodeHead(head: Head, inline: Buffer | null): Buffer {
  const base = head.base === null ? null : Buffer.from(head.base);
  const baseAt = PIECES_AT + (head.pieces === null ? 0 : 8);
  const inlineAt = baseAt + (base === null ? 0 : 4 + base.length);
  const record = newRecord(head.expiresAt, head.stamp, inlineAt - HEADER_BYTES + (inline?.length ?? 0));
  record[FLAGS_AT] = (head.pieces === null ? 0 : IN_PIECES) | (base === null ? 0 : IN_GROUP);
  record.writeUInt32BE(head.length, LENGTH_AT);
  if (head.pieces !== null) writeStamp(record, head.pieces, PIECES_AT);
  if (base !== null) base.copy(record, record.writeUInt32BE(base.length, baseAt));
  inline?.copy(record, inlineAt);
  return record;
}

export function decodeHead(record: Buffer): Head {
  const flags = record[FLAGS_AT]!;
  const baseAt = PIECES_AT + ((flags & IN_PIECES) === 0 ? 0 : 8);
  const inGroup = (flags & IN_GROUP) !== 0;
  return {
    expiresAt: expiryOf(record),
    stamp: stampOf(record),
    length: record.readUInt32BE(LENGTH_AT),
    pieces: (flags & IN_PIECES) === 0 ? null : readStamp(record, PIECES_AT),
    base: inGroup ? record.toString('utf8', baseAt + 4, baseAt + 4 + record.readUInt32BE(baseAt)) : null,
  };
}

/** A copy of the bytes that follow a head. */
export function inlineBytes(record: Buffer): Buffer {
  const flags = record[FLAGS_AT]!;
  const at = (flags & IN_GROUP) === 0 ? PIECES_AT : PIECES_AT + 4 + record.readUInt32BE(PIECES_AT);
  const bytes = Buffer.allocUnsafeSlow(record.readUInt32BE(LENGTH_AT));
  record.copy(bytes, 0, at, at + bytes.length);
  return bytes;
}
