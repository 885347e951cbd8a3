import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cookieValue, soleCookieValue, withoutCookies } from './cookie.ts';

describe('the value of a cookie', () => {
  test.each<[string, string | undefined]>([
    ['sid=abc', 'abc'],
    ['a=1; sid=abc; b=2', 'abc'],
    ['a=1;sid=abc;b=2', 'abc'],
    ['sid=first; sid=second', 'first'],
    ['sid=', ''],
    ['sid=a=b', 'a=b'],
    ['sid="abc"', '"abc"'],
    ['sid=%41', '%41'],
    ['\tsid = abc ', 'abc'],
    ['', undefined],
    ['a=1', undefined],
    ['sid', undefined],
    ['SID=abc', undefined],
    ['sid2=abc', undefined],
    ['xsid=abc', undefined],
    ['a=sid=abc', undefined],
    ['a=b sid=abc', undefined],
    // The name's own pair has no value; the next one's is not its.
    ['sid; a=1', undefined],
    ['=sid=abc', undefined],
  ])('%j', (header, expected) => expect(cookieValue(header, 'sid')).toBe(expected));
});

test.each<[string, string | null]>([
  ['sid=abc', 'abc'],
  ['sid=abc; a=1; sid=abc', 'abc'],
  ['sid=abc; sid = abc ', 'abc'],
  ['sid=abc; sid=abd', null],
  ['sid=; sid=abc', null],
  ['sid=', ''],
  ['sid; sid=abc', 'abc'],
  ['a=1', null],
  ['', null],
])('the one value of several cookies %j', (header, expected) => {
  expect(soleCookieValue(header, 'sid')).toBe(expected);
});

describe('what is left without some cookies', () => {
  test.each<[string, string | undefined]>([
    ['sid=abc', undefined],
    ['a=1; sid=abc; b=2', 'a=1; b=2'],
    ['sid=1;a=1;sid=2', 'a=1'],
    ['a=1;;  b = 2;', 'a=1; b = 2'],
    ['sid; a=sid=1', 'sid; a=sid=1'],
    [' ; ', undefined],
  ])('%j', (header, expected) => expect(withoutCookies(header, ['sid', 'token'])).toBe(expected));
});

const name = fc.constantFrom('sid', 'sid2', 'a', 'token');
const pair = fc.tuple(name, fc.stringMatching(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,8}$/));

test('a cookie is found by its first pair, and gone when it is taken out', () => {
  fc.assert(
    fc.property(fc.array(pair), name, (pairs, wanted) => {
      const header = pairs.map((each) => each.join('=')).join('; ');
      expect(cookieValue(header, wanted)).toBe(pairs.find(([each]) => each === wanted)?.[1]);
      const values = new Set(pairs.filter(([each]) => each === wanted).map(([, value]) => value));
      expect(soleCookieValue(header, wanted)).toBe(values.size === 1 ? [...values][0] : null);
      const rest = pairs.filter(([each]) => each !== wanted).map((each) => each.join('='));
      expect(withoutCookies(header, [wanted])).toBe(rest.length === 0 ? undefined : rest.join('; '));
    }),
  );
});

test('no text hides a cookie from the one and shows it to the other', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[sid=;," \t]*$/), (header) => {
      expect(cookieValue(withoutCookies(header, ['sid']) ?? '', 'sid')).toBeUndefined();
    }),
  );
});

// Quadratic time would be hours here, and fail by the test's own deadline.
test.each([';', ' ', 'sid', 'sid ', 'sid ;', '='])('a megabyte of %j takes linear time', (unit) => {
  const header = unit.repeat(1_000_000 / unit.length);
  expect(cookieValue(header, 'sid')).toBeUndefined();
  expect(soleCookieValue(header, 'sid')).toBeNull();
  withoutCookies(header, ['sid']);
});
