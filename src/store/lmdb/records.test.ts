import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOf, pairKey, readStamp, recordKey, writeStamp } from './record-keys.ts';
import { decodeHead, encodeHead, expiryOf, inlineBytes, stampOf } from './records.ts';

const stamp = fc.maxSafeNat();
const instant = fc.nat({ max: 2 ** 48 - 1 });

describe('the head of a value', () => {
  it('says what it was made of', () => {
    const heads = fc.record({
      expiresAt: instant,
      stamp,
      pieces: fc.option(stamp),
      base: fc.option(fc.string({ unit: 'grapheme' })),
    });
    fc.assert(
      fc.property(heads, fc.uint8Array({ maxLength: 160 }), (parts, bytes) => {
        const inline = parts.pieces === null ? Buffer.from(bytes) : null;
        const head = { ...parts, length: bytes.length };
        const record = encodeHead(head, inline);
        expect(decodeHead(record)).toEqual(head);
        expect([expiryOf(record), stampOf(record)]).toEqual([head.expiresAt, head.stamp]);
        if (inline !== null) expect(inlineBytes(record).equals(inline)).toBe(true);
      }),
    );
  });
});

describe('keys of records', () => {
  it('keep stamps in their order', () => {
    fc.assert(
      fc.property(stamp, stamp, (a, b) => {
        const [one, other] = [Buffer.alloc(8), Buffer.alloc(8)];
        writeStamp(one, a, 0);
        writeStamp(other, b, 0);
        expect(readStamp(one, 0)).toBe(a);
        expect(Math.sign(Buffer.compare(one, other))).toBe(Math.sign(a - b));
      }),
    );
  });

  it('are short, also of long keys, which they keep apart', () => {
    const keys = ['a', 'é', '日'].flatMap((text) =>
      [1, 160, 161, 480, 481, 5_000].map((n) => text.repeat(n)),
    );
    const names = keys.map(nameOf);
    expect(new Set(names).size).toBe(keys.length);
    for (const [i, name] of names.entries()) {
      expect(Buffer.byteLength(recordKey('v', keys[i]!))).toBeLessThanOrEqual(481);
      expect(nameOf(name)).toBe(name);
    }
    expect(nameOf('a'.repeat(480))).toBe('a'.repeat(480));
  });

  it('of two keys say where the first ends', () => {
    expect(pairKey('k', 'ab', 'c').equals(pairKey('k', 'a', 'bc'))).toBe(false);
  });
});
