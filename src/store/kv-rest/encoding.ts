import { isUtf8 } from 'node:buffer';
import { markBytes } from '../mark.ts';
import type { ExpectedForm } from '../scripts/guarded-set.ts';
import { MARK_BYTES, MARK_OFFSET } from '../store.ts';

/**
 * How a value lies in a store that keeps text. What is UTF-8 lies there as it is: `true` stays `true`. All else, and what
 * must have room for a mark, is `b64:`, the instant when it expires (13 digits, milliseconds since the epoch), `:`, and
 * its bytes in base64 without padding.
 */
export const MARKER = 'b64:';
const INSTANT_DIGITS = 13;
const HEADER = new RegExp(`^${MARKER}\\d{${INSTANT_DIGITS}}:`);
const LAST_INSTANT = 10 ** INSTANT_DIGITS - 1;
const MARK_END = MARK_OFFSET + MARK_BYTES;

/** Characters before the base64. */
export const HEADER_CHARS = MARKER.length + INSTANT_DIGITS + 1;
/** Where the mark of a value in base64 lies, and how many characters it has: bytes in threes are characters in fours. */
export const MARK_AT = HEADER_CHARS + (MARK_OFFSET / 3) * 4;
export const MARK_CHARS = (MARK_BYTES / 3) * 4;

export interface Decoded {
  readonly bytes: Buffer;
  /** By the clock of the process that wrote it; `null`: the text does not say. */
  readonly expiresAt: number | null;
}

/** @param marked whether it may be marked later (`DropOptions.markedAt`), as what is in a group. */
export function encodeValue(bytes: Buffer, expiresAt: number, marked: boolean): string {
  const asText = marked && bytes.length >= MARK_END ? null : plainText(bytes);
  return asText ?? envelope(bytes, expiresAt);
}

/**
 * The forms in which a value may lie there, and what is written in the place of each. What is in base64 is compared by its
 * bytes, whenever it expires, and stays in base64: it may be in a group.
 */
export function formsOf(
  expected: Buffer,
  next: Buffer,
  expiresAt: number,
  marked: boolean,
): readonly ExpectedForm[] {
  const [text, inBase64] = [encodeValue(next, expiresAt, marked), envelope(next, expiresAt)];
  const rest = unpadded(expected);
  const enveloped = { begins: MARKER, from: HEADER_CHARS, rest, next: marked ? text : inBase64 };
  const plain = plainText(expected);
  return plain === null ? [enveloped] : [enveloped, { begins: '', from: 0, rest: plain, next: text }];
}

/** The text that is the value itself; `null` when there is none. */
function plainText(bytes: Buffer): string | null {
  if (!isUtf8(bytes)) return null;
  const text = bytes.toString();
  return text.startsWith(MARKER) ? null : text;
}

function envelope(bytes: Buffer, expiresAt: number): string {
  const instant = String(Math.min(Math.floor(expiresAt), LAST_INSTANT)).padStart(INSTANT_DIGITS, '0');
  return `${MARKER}${instant}:${unpadded(bytes)}`;
}

/** Base64 without padding, so that what is too short for a mark is so in characters too. */
function unpadded(bytes: Buffer): string {
  const text = bytes.toString('base64');
  const padding = (3 - (bytes.length % 3)) % 3;
  return padding === 0 ? text : text.slice(0, -padding);
}

export function decodeValue(text: string): Decoded {
  if (!HEADER.test(text)) return { bytes: Buffer.from(text), expiresAt: null };
  const expiresAt = Number(text.slice(MARKER.length, HEADER_CHARS - 1));
  return { bytes: Buffer.from(text.slice(HEADER_CHARS), 'base64'), expiresAt };
}

/** The characters that mark a value in base64, to lie at `MARK_AT`. */
export function markText(markedAt: number): string {
  return markBytes(markedAt).toString('base64');
}
