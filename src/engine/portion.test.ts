import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR, httpDate, requestWith, responseWith, SECOND } from '../../test/support/exchange.ts';
import {
  areOfOneRepresentation,
  isWhole,
  joined,
  missingRange,
  type Part,
  partOf,
  portionOfPart,
  portionOfWhole,
} from './portion.ts';

const part = (first: number, last: number, length?: number): Part => ({ range: { first, last }, length });
const asking = (range: string, other: Record<string, string> = {}) => requestWith({ range, ...other });

const LENGTH = 26;
const TAGGED = responseWith({ ETag: '"1"', 'Last-Modified': httpDate(-HOUR) });
const WHOLE = { kind: 'whole' };
const UNSATISFIABLE = { kind: 'unsatisfiable', length: LENGTH };
const of = (first: number, last: number, length = LENGTH) => ({
  kind: 'part',
  part: part(first, last, length),
});

describe('what a range asks of a whole (RFC 9110 §14.2)', () => {
  test.each<[string, unknown]>([
    ['bytes=0-0', of(0, 0)],
    ['bytes=0-4', of(0, 4)],
    ['bytes=5-', of(5, 25)],
    ['bytes=-5', of(21, 25)],
    ['BYTES=0-4', of(0, 4)],
    ['bytes=20-99', of(20, 25)],
    ['bytes=-99', of(0, 25)],
    [`bytes=0-${'9'.repeat(40)}`, of(0, 25)],
    // Overlapping or touching ranges are one.
    ['bytes=0-4,3-9', of(0, 9)],
    ['bytes=5-9, 0-4', of(0, 9)],
    ['bytes=0-4, 90-99', of(0, 4)],
    // Several are answered with the whole, which is a right answer to any Range.
    ['bytes=0-1,5-6', WHOLE],
    ['bytes=26-', UNSATISFIABLE],
    ['bytes=99-100', UNSATISFIABLE],
    ['bytes=-0', UNSATISFIABLE],
    // What is malformed, or of another unit, is ignored (§14.2).
    ['bytes=4-0', WHOLE],
    ['bytes=', WHOLE],
    ['bytes=a-b', WHOLE],
    ['bytes 0-4', WHOLE],
    ['lines=0-4', WHOLE],
    [`bytes=${Array.from({ length: 17 }, (_, i) => `${i}-${i}`).join()}`, WHOLE],
  ])('%s', (range, expected) => {
    expect(portionOfWhole(asking(range), TAGGED, LENGTH)).toEqual(expected);
  });

  test('nothing of an empty one', () => {
    for (const range of ['bytes=0-', 'bytes=-1', 'bytes=5-6']) {
      expect(portionOfWhole(asking(range), TAGGED, 0)).toEqual(WHOLE);
    }
  });

  test('and of methods other than GET nothing', () => {
    for (const method of ['HEAD', 'POST', 'QUERY']) {
      expect(portionOfWhole(requestWith({ range: 'bytes=0-1' }, method), TAGGED, LENGTH)).toEqual(WHOLE);
    }
  });
});

describe('If-Range (RFC 9110 §13.1.5)', () => {
  const modified = httpDate(-HOUR);
  const since = (date: string, lastModified: string) =>
    responseWith({ Date: date, 'Last-Modified': lastModified });
  const weak = responseWith({ ETag: 'W/"1"' });

  test.each<[string, boolean, string, typeof TAGGED]>([
    ['the same strong tag', true, '"1"', TAGGED],
    ['another tag', false, '"2"', TAGGED],
    ['a weak tag', false, 'W/"1"', TAGGED],
    ['a weak tag that is stored', false, 'W/"1"', weak],
    ['a strong tag where a weak one is stored', false, '"1"', weak],
    ['a list of tags', false, '"1", "2"', TAGGED],
    ['any', false, '*', TAGGED],
    ['a tag where none is stored', false, '"1"', since(httpDate(0), modified)],
    ['the very same date', true, modified, since(httpDate(0), modified)],
    ['a later date', false, httpDate(0), since(httpDate(0), modified)],
    ['an earlier date', false, httpDate(-2 * HOUR), since(httpDate(0), modified)],
    ['a date where none is stored', false, modified, weak],
    // Changed again within that second, it would have the same date (§8.8.2.2).
    ['a date that is not strong', false, httpDate(0), since(httpDate(0), httpDate(0))],
    ['a date of a second before', true, httpDate(-SECOND), since(httpDate(0), httpDate(-SECOND))],
    ['something else', false, 'yesterday', TAGGED],
    ['nothing', false, '', TAGGED],
  ])('%s: the range counts: %s', (_name, counts, condition, stored) => {
    const request = asking('bytes=0-4', { 'if-range': condition });
    expect(portionOfWhole(request, stored, LENGTH).kind).toBe(counts ? 'part' : 'whole');
    expect(portionOfPart(request, stored, part(0, 9, LENGTH)) !== null).toBe(counts);
  });
});

describe('what a range asks of a stored part (RFC 9111 §3.3)', () => {
  const stored = part(5, 14, LENGTH);

  test.each<[string, unknown]>([
    ['bytes=5-14', of(5, 14)],
    ['bytes=7-8', of(7, 8)],
    ['bytes=4-8', null],
    ['bytes=7-15', null],
    ['bytes=7-', null],
    ['bytes=-5', null],
    ['bytes=0-99', null],
    ['bytes=5-6,8-9', null],
    ['bytes=6-7,8-9', of(6, 9)],
    ['bytes=26-', UNSATISFIABLE],
    ['lines=5-6', null],
  ])('%s', (range, expected) => {
    expect(portionOfPart(asking(range), TAGGED, stored)).toEqual(expected);
  });

  test('its end answers what goes to the end', () => {
    const end = part(20, 25, LENGTH);
    for (const range of ['bytes=22-', 'bytes=22-99', 'bytes=-4']) {
      expect(portionOfPart(asking(range), TAGGED, end)).toEqual(of(22, 25));
    }
  });

  test('without a range it answers nothing', () => {
    expect(portionOfPart(requestWith(), TAGGED, stored)).toBeNull();
    expect(portionOfPart(requestWith({ range: 'bytes=5-6' }, 'HEAD'), TAGGED, stored)).toBeNull();
  });

  test.each<[string, boolean]>([
    ['bytes=5-14', true],
    ['bytes=7-8', true],
    ['bytes=7-', false],
    ['bytes=-2', false],
    ['bytes=5-15', false],
    ['bytes=6-7,8-9', false],
  ])('of an unknown whole, %s: %s', (range, held) => {
    expect(portionOfPart(asking(range), TAGGED, part(5, 14)) !== null).toBe(held);
  });
});

describe('what is missing of a part (RFC 9111 §3.4)', () => {
  test.each<[Part, string | null]>([
    [part(0, 9, 26), 'bytes=10-'],
    [part(0, 9), 'bytes=10-'],
    [part(10, 25, 26), 'bytes=0-9'],
    [part(10, 25), null],
    [part(5, 9, 26), null],
  ])('%j: %s', (stored, expected) => {
    expect(missingRange(stored)).toBe(expected);
  });
});

describe('parts of one representation (RFC 9110 §15.3.7.3)', () => {
  const tagged = (etag?: string) => responseWith(etag === undefined ? {} : { ETag: etag });

  test.each<[boolean, string | undefined, string | undefined]>([
    [true, '"1"', '"1"'],
    [false, '"1"', '"2"'],
    [false, 'W/"1"', 'W/"1"'],
    [false, '"1"', 'W/"1"'],
    [false, undefined, undefined],
    [false, '"1"', undefined],
    [false, '1', '1'],
  ])('%s: %s and %s', (expected, one, other) => {
    expect(areOfOneRepresentation(tagged(one), tagged(other))).toBe(expected);
  });

  test('a date is not enough', () => {
    const dated = responseWith({ 'Last-Modified': httpDate(-HOUR) });
    expect(areOfOneRepresentation(dated, dated)).toBe(false);
  });
});

describe('two parts as one', () => {
  test.each<[Part, Part, Part | null]>([
    [part(0, 4, 9), part(5, 8, 9), part(0, 8, 9)],
    [part(5, 8, 9), part(0, 4, 9), part(0, 8, 9)],
    [part(0, 6, 9), part(4, 8, 9), part(0, 8, 9)],
    [part(0, 8, 9), part(2, 3, 9), part(0, 8, 9)],
    [part(2, 3), part(4, 5, 9), part(2, 5, 9)],
    [part(2, 3), part(4, 5), part(2, 5)],
    // A gap between them.
    [part(0, 3, 9), part(5, 8, 9), null],
    [part(5, 8, 9), part(0, 3, 9), null],
    // They speak of different wholes.
    [part(0, 4, 9), part(5, 8, 10), null],
    [part(0, 19), part(5, 8, 10), null],
  ])('%j and %j: %j', (one, other, expected) => {
    expect(joined(one, other)).toEqual(expected);
  });

  test('a whole has all its bytes, and is known to', () => {
    expect(isWhole(part(0, 8, 9))).toBe(true);
    for (const each of [part(0, 7, 9), part(1, 8, 9), part(0, 8)]) expect(isWhole(each)).toBe(false);
  });
});

test('a part is what a 206 says, and nothing else says it (RFC 9110 §15.3.7)', () => {
  const fields = { 'Content-Range': 'bytes 2-3/9' };
  expect(partOf(responseWith(fields, { status: 206 }))).toEqual(part(2, 3, 9));
  expect(partOf(responseWith(fields))).toBeNull();
  expect(partOf(responseWith({}, { status: 206 }))).toBeNull();
});

const ranges = fc
  .array(
    fc.oneof(
      fc.tuple(fc.nat(40), fc.nat(40)).map(([first, last]) => `${first}-${last}`),
      fc.nat(40).map((first) => `${first}-`),
      fc.nat(40).map((suffix) => `-${suffix}`),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((specs) => `bytes=${specs.join()}`);

test('whatever is asked, a portion lies within what is there, and a part never stands in for more', () => {
  const bounds = fc.tuple(fc.nat(30), fc.nat(30), fc.nat(30)).map((each) => each.sort((a, b) => a - b));
  fc.assert(
    fc.property(ranges, bounds, (range, [first, last, end]) => {
      const length = end! + 1;
      const stored = part(first!, last!, length);
      const ofWhole = portionOfWhole(asking(range), TAGGED, length);
      const ofPart = portionOfPart(asking(range), TAGGED, stored);
      // What a part answers is what the whole would have answered.
      if (ofPart !== null) expect(ofPart).toEqual(ofWhole);
      if (ofWhole.kind !== 'part') return;
      const wanted = ofWhole.part.range;
      expect(wanted.first >= 0 && wanted.first <= wanted.last && wanted.last < length).toBe(true);
      const isHeld = wanted.first >= first! && wanted.last <= last!;
      expect(ofPart !== null).toBe(isHeld);
    }),
    { numRuns: 2000 },
  );
});
