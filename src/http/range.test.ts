import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ByteRange,
  formatContentRange,
  parseContentRange,
  parseRange,
  type RangeSpec,
  resolveRanges,
} from './range.ts';

const MAX = Number.MAX_SAFE_INTEGER;

describe('a Range that is understood (RFC 9110 §14.1.1, §14.2)', () => {
  test.each<[string, readonly RangeSpec[]]>([
    ['bytes=0-499', [{ first: 0, last: 499 }]],
    ['bytes=9500-', [{ first: 9500, last: undefined }]],
    ['bytes=-500', [{ suffix: 500 }]],
    ['bytes=-0', [{ suffix: 0 }]],
    ['bytes=5-5', [{ first: 5, last: 5 }]],
    ['BYTES=007-08', [{ first: 7, last: 8 }]],
    ['bytes=0-0,-1', [{ first: 0, last: 0 }, { suffix: 1 }]],
    ['bytes= 0-0 ,\t4-5 ,, -1,', [{ first: 0, last: 0 }, { first: 4, last: 5 }, { suffix: 1 }]],
    [`bytes=0-${'9'.repeat(400)}`, [{ first: 0, last: MAX }]],
    ['bytes=9007199254740993-9007199254740993', [{ first: MAX, last: MAX }]],
    [`bytes=-${'9'.repeat(400)}`, [{ suffix: MAX }]],
  ])('%j', (value, expected) => expect(parseRange(value)).toEqual(expected));

  test('at most 16 ranges', () => {
    expect(parseRange(`bytes=${'0-1,'.repeat(16)}`)).toHaveLength(16);
    expect(parseRange(`bytes=${'0-1,'.repeat(17)}`)).toBeUndefined();
  });
});

describe('a Range that is ignored', () => {
  test.each([
    '',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=5-4',
    `bytes=${'9'.repeat(30)}-4`,
    'bytes=a-b',
    'bytes=0-b',
    'bytes=0x0-5',
    'bytes=1.5-2',
    'bytes=+1-2',
    'bytes=--1',
    'bytes=1-2-3',
    'bytes=0 - 4',
    'bytes=0',
    'bytes=0-4, x',
    'bytes=0-4;5-6',
    'bytes =0-4',
    ' bytes=0-4',
    'bytes:0-4',
    'items=0-4',
    'none',
  ])('%j', (value) => expect(parseRange(value)).toBeUndefined());
});

describe('the satisfiable ranges of ten bytes (RFC 9110 §14.1.2)', () => {
  test.each<[string, readonly ByteRange[]]>([
    ['bytes=0-4', [{ first: 0, last: 4 }]],
    ['bytes=4-', [{ first: 4, last: 9 }]],
    ['bytes=4-99', [{ first: 4, last: 9 }]],
    ['bytes=-3', [{ first: 7, last: 9 }]],
    ['bytes=-99', [{ first: 0, last: 9 }]],
    ['bytes=-0', []],
    ['bytes=10-', []],
    ['bytes=10-20', []],
    ['bytes=10-20, -0, 2-3', [{ first: 2, last: 3 }]],
    [
      'bytes=6-7, 0-1',
      [
        { first: 0, last: 1 },
        { first: 6, last: 7 },
      ],
    ],
    ['bytes=0-3, 2-5', [{ first: 0, last: 5 }]],
    ['bytes=0-3, 4-5', [{ first: 0, last: 5 }]],
    ['bytes=0-8, 2-3', [{ first: 0, last: 8 }]],
    ['bytes=2-3, 0-, 5-6', [{ first: 0, last: 9 }]],
  ])('%j', (value, expected) => expect(resolveRanges(parseRange(value)!, 10)).toEqual(expected));

  test('of no bytes there are none', () => {
    expect(resolveRanges(parseRange('bytes=0-, 0-0, -5')!, 0)).toEqual([]);
  });
});

const position = fc.oneof(fc.nat({ max: 30 }), fc.maxSafeNat());
const rangeSpec: fc.Arbitrary<RangeSpec> = fc.oneof(
  fc.record({ suffix: position }),
  fc
    .tuple(position, position)
    .map(([one, other]) => ({ first: Math.min(one, other), last: Math.max(one, other) })),
  position.map((first) => ({ first, last: undefined })),
);
const formatSpec = (spec: RangeSpec) =>
  'suffix' in spec ? `-${spec.suffix}` : `${spec.first}-${spec.last ?? ''}`;

test('what is formatted is parsed', () => {
  fc.assert(
    fc.property(fc.array(rangeSpec, { minLength: 1, maxLength: 16 }), (specs) => {
      expect(parseRange(`bytes=${specs.map(formatSpec).join(', ')}`)).toEqual(specs);
    }),
  );
});

test('resolved ranges hold exactly the bytes that were asked for, apart and in order', () => {
  fc.assert(
    fc.property(fc.array(rangeSpec, { maxLength: 6 }), fc.nat({ max: 20 }), (specs, length) => {
      const ranges = resolveRanges(specs, length);
      for (const [i, { first, last }] of ranges.entries()) {
        expect(first >= 0 && first <= last && last < length).toBe(true);
        if (i > 0) expect(first).toBeGreaterThan(ranges[i - 1]!.last + 1);
      }
      for (let byte = 0; byte < length; byte++) {
        const isWanted = specs.some((spec) =>
          'suffix' in spec ? byte >= length - spec.suffix : byte >= spec.first && byte <= (spec.last ?? byte),
        );
        expect(ranges.some(({ first, last }) => byte >= first && byte <= last)).toBe(isWanted);
      }
    }),
  );
});

describe('Content-Range (RFC 9110 §14.4)', () => {
  test.each<[string, ReturnType<typeof parseContentRange>]>([
    ['bytes 0-4/10', { range: { first: 0, last: 4 }, length: 10 }],
    ['bytes 9-9/10', { range: { first: 9, last: 9 }, length: 10 }],
    ['bytes 0-4/*', { range: { first: 0, last: 4 }, length: undefined }],
    ['bytes */10', { range: undefined, length: 10 }],
    ['Bytes  0-4/10 ', { range: { first: 0, last: 4 }, length: 10 }],
    ['bytes */*', undefined],
    ['bytes 4-3/10', undefined],
    ['bytes 0-10/10', undefined],
    ['bytes 0-0/0', undefined],
    ['bytes 0-9007199254740992/*', undefined],
    ['bytes 0-4/9007199254740992', undefined],
    ['bytes 0-4', undefined],
    ['bytes 0-/10', undefined],
    ['bytes -4/10', undefined],
    ['bytes=0-4/10', undefined],
    ['bytes 0 - 4/10', undefined],
    ['bytes 0-4 / 10', undefined],
    ['items 0-4/10', undefined],
    ['', undefined],
  ])('%j', (value, expected) => expect(parseContentRange(value)).toEqual(expected));

  test('what is formatted is parsed', () => {
    const numbers = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat());
    fc.assert(
      fc.property(numbers, fc.boolean(), (three, isLengthKnown) => {
        const [first, last, length] = three.sort((a, b) => a - b) as [number, number, number];
        fc.pre(last < length);
        const known = isLengthKnown ? length : undefined;
        const range = { first, last };
        expect(parseContentRange(formatContentRange(range, known))).toEqual({ range, length: known });
        expect(parseContentRange(formatContentRange(undefined, length))).toEqual({
          range: undefined,
          length,
        });
      }),
    );
  });
});

test('nothing makes it throw, and positions stay exact and in order', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9,\- ]*$/));
  fc.assert(
    fc.property(text, (value) => {
      const specs = parseRange(`bytes=${value}`) ?? [];
      expect(specs.length).toBeLessThanOrEqual(16);
      for (const spec of specs) {
        const numbers = 'suffix' in spec ? [spec.suffix] : [spec.first, spec.last ?? MAX];
        expect(numbers.every(Number.isSafeInteger)).toBe(true);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }
      parseRange(value);
      parseContentRange(value);
      parseContentRange(`bytes ${value}`);
    }),
  );
});

// Quadratic time would be hours here, and fail by the test's own deadline.
test.each(['0-1,', ',', ' ', '9', '-', '1-'])('a megabyte of %j takes linear time', (unit) => {
  const text = unit.repeat(1_000_000 / unit.length);
  expect(parseRange(`bytes=${text}`)).toBeUndefined();
  expect(parseContentRange(`bytes ${text}`)).toBeUndefined();
});
