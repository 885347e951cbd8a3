import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

const NOW = Date.UTC(2026, 0, 1);
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('the three formats of RFC 9110 §5.6.7', () => {
  test.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    // in any case, as RFC 9111 §4.2 asks
    'sun, 06 NOV 1994 08:49:37 gmt',
    'SUNDAY, 06-nov-94 08:49:37 GMT',
  ])('%s', (value) => expect(parseHttpDate(value, NOW)).toBe(EXAMPLE));

  test('asctime with a day of two digits', () => {
    expect(parseHttpDate('Wed Nov 16 08:49:37 1994', NOW)).toBe(Date.UTC(1994, 10, 16, 8, 49, 37));
  });

  test.each<[string, number]>([
    ['Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('%s', (value, instant) => expect(parseHttpDate(value, NOW)).toBe(instant));
});

describe('what is no HTTP-date', () => {
  test.each([
    '',
    '0',
    '-1',
    '1994-11-06T08:49:37Z',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 EST',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Sun, 06  Nov 1994 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Xyz, 06 Nov 1994 08:49:37 GMT',
    'Wed, 29 Feb 2023 00:00:00 GMT',
    'Thu, 31 Apr 2026 00:00:00 GMT',
    'Thu, 00 Jan 2026 00:00:00 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
  ])('%j', (value) => expect(parseHttpDate(value, NOW)).toBeUndefined());

  test('any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(parseHttpDate(value, NOW)).toBeUndefined();
      }),
    );
  });
});

describe('a year of two digits is at most 50 years ahead', () => {
  test.each<[string, number, number]>([
    ['Wednesday, 01-Jan-76 00:00:00 GMT', Date.UTC(2026, 0, 1), 2076],
    ['Thursday, 02-Jan-76 00:00:00 GMT', Date.UTC(2026, 0, 1), 1976],
    ['Saturday, 01-Jan-00 00:00:00 GMT', Date.UTC(1999, 11, 31), 2000],
    ['Friday, 31-Dec-99 00:00:00 GMT', Date.UTC(2000, 0, 1), 1999],
    ['Thursday, 29-Feb-96 00:00:00 GMT', Date.UTC(2026, 0, 1), 1996],
  ])('%s', (value, now, year) => {
    expect(new Date(parseHttpDate(value, now)!).getUTCFullYear()).toBe(year);
  });
});

test('every second of the years 0 to 9999 survives', () => {
  const [min, max] = [Date.parse('0000-01-01T00:00:00Z') / 1000, Date.UTC(9999, 11, 31) / 1000];
  fc.assert(
    fc.property(fc.integer({ min, max }), (second) => {
      expect(parseHttpDate(formatHttpDate(second * 1000), NOW)).toBe(second * 1000);
    }),
  );
});
