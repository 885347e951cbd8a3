import { MARK_BYTES, MARK_OFFSET } from './store.ts';

const END = MARK_OFFSET + MARK_BYTES;

/** A copy of a value with a mark (`DropOptions.markedAt`); `null` when it has no room for one. */
export function markedCopy(bytes: Buffer, markedAt: number): Buffer | null {
  if (bytes.length < END) return null;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  copy.writeUIntBE(markedAt, MARK_OFFSET, MARK_BYTES);
  return copy;
}

/** The instant that a value is marked with, in milliseconds since the epoch; `null` when it is not. */
export function markOf(bytes: Buffer): number | null {
  const mark = bytes.length < END ? 0 : bytes.readUIntBE(MARK_OFFSET, MARK_BYTES);
  return mark === 0 ? null : mark;
}

/** The bytes of a mark. */
export function markBytes(markedAt: number): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES);
  bytes.writeUIntBE(markedAt, 0, MARK_BYTES);
  return bytes;
}
