import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markOf } from '../mark.ts';
import { decodeValue, encodeValue, HEADER_CHARS, MARK_AT, MARK_CHARS, markText } from './encoding.ts';

const EXPIRES_AT = 1_700_000_060_000;

describe('encodeValue', () => {
  it.each(['', 'true', '0', '1.0', '007', '"true"', '{"a": 1}', 'é 日本 \u0000\r\n\ufeff', '\ufefftrue'])(
    'keeps the text %j as it is',
    (text) => {
      expect(encodeValue(Buffer.from(text), EXPIRES_AT, false)).toBe(text);
    },
  );

  it('keeps bytes that are no text in base64, with the instant when they expire', () => {
    expect(encodeValue(Buffer.from([0xff, 0xfe, 0]), EXPIRES_AT, false)).toBe('b64:1700000060000://4A');
  });

  it('does not take a text for bytes that looks like them', () => {
    const text = 'b64:1700000060000://4A';
    const stored = encodeValue(Buffer.from(text), EXPIRES_AT, false);
    expect(stored).not.toBe(text);
    expect(decodeValue(stored).bytes.toString()).toBe(text);
  });

  it('keeps what may be marked in base64, and what is too short for a mark as it is', () => {
    expect(encodeValue(Buffer.from('true'), EXPIRES_AT, true)).toBe('true');
    expect(encodeValue(Buffer.from('12345678'), EXPIRES_AT, true)).toBe('12345678');
    expect(encodeValue(Buffer.from('123456789'), EXPIRES_AT, true)).toMatch(/^b64:/);
  });

  it('keeps an instant that has more digits than there is room for as the last there is', () => {
    expect(encodeValue(Buffer.from([0xff]), Number.MAX_SAFE_INTEGER, false)).toMatch(/^b64:9999999999999:/);
  });
});

describe('decodeValue', () => {
  it('brings back every byte, of what may be marked and what may not', () => {
    fc.assert(
      fc.property(anyBytes, fc.boolean(), (bytes, inGroup) => {
        const { bytes: decoded, expiresAt } = decodeValue(encodeValue(bytes, EXPIRES_AT, inGroup));
        expect(decoded.equals(bytes)).toBe(true);
        expect([null, EXPIRES_AT]).toContain(expiresAt);
      }),
    );
  });

  it('takes what only begins like base64 for a text', () => {
    for (const text of ['b64:', 'b64:17', 'b64:1700000060000;//4A', 'b64:170000006000x://4A']) {
      expect(decodeValue(text)).toEqual({ bytes: Buffer.from(text), expiresAt: null });
    }
  });
});

describe('a mark', () => {
  it('lies in characters of its own where there is room for it, and nowhere else', () => {
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 1, max: 2 ** 48 - 1 }), (bytes, markedAt) => {
        const stored = encodeValue(bytes, EXPIRES_AT, true);
        expect(stored.length >= MARK_AT + MARK_CHARS).toBe(bytes.length >= 9);
        if (bytes.length < 9) return;
        const end = MARK_AT + MARK_CHARS;
        const marked = decodeValue(stored.slice(0, MARK_AT) + markText(markedAt) + stored.slice(end));
        expect(markText(markedAt)).toHaveLength(MARK_CHARS);
        expect(markOf(marked.bytes)).toBe(markedAt);
        expect(marked.bytes.subarray(0, 3).equals(bytes.subarray(0, 3))).toBe(true);
        expect(marked.bytes.subarray(9).equals(bytes.subarray(9))).toBe(true);
        expect(marked.expiresAt).toBe(EXPIRES_AT);
      }),
    );
  });

  it('begins after the header', () => expect(HEADER_CHARS).toBe('b64:1700000060000:'.length));
});

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
  fc.string({ maxLength: 20 }).map((text) => Buffer.from(`b64:${text}`)),
);
