import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CacheControl,
  MAX_DELTA_SECONDS,
  parseCacheControl,
  parseDeltaSeconds,
} from './cache-control.ts';

const NONE = parseCacheControl(undefined);

function expectOnly(value: string, expected: Partial<CacheControl>): void {
  expect(parseCacheControl(value), value).toEqual({ ...NONE, ...expected });
}

describe('each directive by its name', () => {
  test.each<[string, Partial<CacheControl>]>([
    ['max-age=60', { maxAgeSeconds: 60 }],
    ['s-maxage=60', { sMaxageSeconds: 60 }],
    ['max-stale=60', { maxStaleSeconds: 60 }],
    ['max-stale', { maxStaleSeconds: Number.POSITIVE_INFINITY }],
    ['min-fresh=60', { minFreshSeconds: 60 }],
    ['stale-while-revalidate=60', { staleWhileRevalidateSeconds: 60 }],
    ['stale-if-error=60', { staleIfErrorSeconds: 60 }],
    ['no-cache', { noCache: true }],
    ['private', { private: true }],
    ['no-store', { noStore: true }],
    ['must-revalidate', { mustRevalidate: true }],
    ['proxy-revalidate', { proxyRevalidate: true }],
    ['public', { public: true }],
    ['must-understand', { mustUnderstand: true }],
    ['no-transform', { noTransform: true }],
    ['only-if-cached', { onlyIfCached: true }],
    ['immutable', { immutable: true }],
  ])('%s', expectOnly);
});

describe('lists (RFC 9110 §5.6.1)', () => {
  test.each<[string, Partial<CacheControl>]>([
    ['', {}],
    [' , ,, ', {}],
    [',max-age=1,,no-store ,', { maxAgeSeconds: 1, noStore: true }],
    ['\tNO-Store\t,MAX-AGE=1', { maxAgeSeconds: 1, noStore: true }],
    ['unknown, unknown=1, unknown="no-store, max-age=5"', {}],
    ['x="a\\", no-store, \\"b", max-age=1', { maxAgeSeconds: 1 }],
  ])('%s', expectOnly);
});

describe('numbers of seconds (RFC 9111 §1.2.2, §4.2.1)', () => {
  test.each<[string, Partial<CacheControl>]>([
    ['max-age=0', { maxAgeSeconds: 0 }],
    ['max-age=0060', { maxAgeSeconds: 60 }],
    ['max-age="60"', { maxAgeSeconds: 60 }],
    ['max-age="6\\0"', { maxAgeSeconds: 60 }],
    [`max-age=${'9'.repeat(400)}`, { maxAgeSeconds: MAX_DELTA_SECONDS }],
    ['max-age=2147483648', { maxAgeSeconds: 2147483648 }],
    ['max-age=1, max-age=60', { maxAgeSeconds: 1 }],
    ['max-age=60, max-age=1', { maxAgeSeconds: 60 }],
  ])('%s', expectOnly);

  test.each([
    'max-age',
    'max-age=',
    'max-age=-1',
    'max-age=+1',
    'max-age=1.5',
    'max-age=1e3',
    'max-age=0x10',
    "max-age='60'",
    'max-age=60s',
    'max-age=60 1',
    'max-age =60',
    'max-age= 60',
    'max-age="60',
    'max-age=abc, max-age=60',
  ])('%s is invalid, and so 0', (value) => expectOnly(value, { maxAgeSeconds: 0 }));

  test('an invalid number in a request allows nothing', () => {
    expectOnly('max-stale=x, stale-if-error=x', { maxStaleSeconds: 0, staleIfErrorSeconds: 0 });
  });
});

describe('field names of no-cache and private (RFC 9111 §5.2.2.4, §5.2.2.7)', () => {
  test.each<[string, Partial<CacheControl>]>([
    ['no-cache="Set-Cookie"', { noCache: ['set-cookie'] }],
    ['private="X-One , x-two", max-age=1', { private: ['x-one', 'x-two'], maxAgeSeconds: 1 }],
    ['no-cache=Set-Cookie', { noCache: ['set-cookie'] }],
    ['no-cache=""', { noCache: true }],
    ['no-cache=" ,, "', { noCache: true }],
    ['no-cache, no-cache="x"', { noCache: true }],
    ['no-cache="x", no-cache', { noCache: true }],
    ['private="x", private="y"', { private: true }],
    ['private ="x"', { private: true }],
    ['private= "x"', { private: true }],
  ])('%s', expectOnly);
});

test('a quote that is never closed hides no directive after it', () => {
  expectOnly('x="abc, no-store, max-age=1', { noStore: true, maxAgeSeconds: 1 });
  expectOnly('x="abc\\", private', { private: true });
});

const directive = fc.oneof(
  fc.constantFrom(
    'no-store',
    'public',
    'Must-Revalidate',
    'max-age=5',
    'private="a, b"',
    'x="\\"y\\", no-cache"',
  ),
  fc.stringMatching(/^x-[a-z]{1,8}(="[^"\\]{0,20}")?$/),
);

test('directives keep their meaning in any company and order', () => {
  fc.assert(
    fc.property(fc.array(directive, { maxLength: 12 }), (directives) => {
      const found = parseCacheControl(directives.join(', '));
      expect(found.noStore).toBe(directives.includes('no-store'));
      expect(found.public).toBe(directives.includes('public'));
      expect(found.mustRevalidate).toBe(directives.includes('Must-Revalidate'));
      expect(found.maxAgeSeconds).toBe(directives.includes('max-age=5') ? 5 : undefined);
      expect(found.private !== false).toBe(directives.includes('private="a, b"'));
      expect(found.noCache).toBe(false);
    }),
  );
});

test('nothing makes it throw, and seconds are whole numbers in range', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[max\-ge=",\\ 0-9;]*$/));
  fc.assert(
    fc.property(text, (value) => {
      const { maxAgeSeconds, minFreshSeconds } = parseCacheControl(`${value},max-age=${value}`);
      for (const seconds of [maxAgeSeconds, minFreshSeconds]) {
        if (seconds === undefined) continue;
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_DELTA_SECONDS).toBe(true);
      }
    }),
  );
});

// Quadratic time would be hours here, and fail by the test's own deadline.
test.each(['"', '\\"', ' ', ',', '=', 'a="', 'no-cache="a",', 'max-age=1,', '",'])(
  'a megabyte of %j takes linear time',
  (unit) => {
    expect(parseCacheControl(unit.repeat(1_000_000 / unit.length))).toBeTypeOf('object');
  },
);

test('delta-seconds are digits, saturated', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), (seconds) => {
      const expected = seconds > 2n ** 31n ? 2 ** 31 : Number(seconds);
      expect(parseDeltaSeconds(String(seconds))).toBe(expected);
    }),
  );
});
