import fc from 'fast-check';
import { serializeDictionary, Token } from 'structured-headers';
import { describe, expect, test } from 'vitest';
import { type CacheControl, MAX_DELTA_SECONDS, parseCacheControl } from './cache-control.ts';
import { parseTargeted } from './targeted-cache-control.ts';

const NONE = parseCacheControl(undefined);

function expectOnly(fieldName: string, value: string, expected: Partial<CacheControl> | undefined): void {
  const found = parseTargeted(fieldName, value);
  expect(found, value).toEqual(expected === undefined ? undefined : { ...NONE, ...expected });
}

describe('a targeted field (RFC 9213 §2.1, §2.2)', () => {
  test.each<[string, Partial<CacheControl>]>([
    ['max-age=60', { maxAgeSeconds: 60 }],
    ['s-maxage=60', { sMaxageSeconds: 60 }],
    ['stale-while-revalidate=60', { staleWhileRevalidateSeconds: 60 }],
    ['stale-if-error=60', { staleIfErrorSeconds: 60 }],
    ['no-store', { noStore: true }],
    ['must-revalidate, proxy-revalidate', { mustRevalidate: true, proxyRevalidate: true }],
    ['public, must-understand, no-transform', { public: true, mustUnderstand: true, noTransform: true }],
    ['immutable', { immutable: true }],
    ['no-cache', { noCache: true }],
    ['private', { private: true }],
    ['no-cache="Set-Cookie , x-a"', { noCache: ['set-cookie', 'x-a'] }],
    ['private="x"', { private: ['x'] }],
    ['private=" ,"', { private: true }],
    ['  max-age=60 ,\tno-store=?1', { maxAgeSeconds: 60, noStore: true }],
    // unknown members and parameters
    ['foobar', {}],
    ['foobar=1.5, max-age=60;x=1;y', { maxAgeSeconds: 60 }],
    ['no-store;a=b', { noStore: true }],
    ['max-age=999999999999999', { maxAgeSeconds: MAX_DELTA_SECONDS }],
    ['max-age=0003600', { maxAgeSeconds: 3600 }],
    // the last of a name
    ['max-age=1, max-age=60', { maxAgeSeconds: 60 }],
    ['no-store, no-store=?0', {}],
  ])('%s', (value, expected) => expectOnly('cdn-cache-control', value, expected));

  test.each([
    'max-age="60"',
    'max-age=a60',
    'max-age=-1',
    'max-age=60.5',
    'max-age=60.0',
    'max-age="", max-age=60.0',
    'x=(1 2);p="=1.0", max-age=60.0',
    'max-age',
    'max-age=?1',
    'max-age=@60',
    'max-age=:aGk=:',
    'max-age=(60)',
    'no-store=1',
    'no-store=?0',
    'no-store="x"',
    'no-store=()',
    'no-cache=?0',
    'no-cache=Set-Cookie',
    'no-cache=("x")',
    'private=1',
  ])('%s is of another type, and so ignored', (value) => expectOnly('cdn-cache-control', value, {}));

  test.each<[string, Partial<CacheControl>]>([
    ['max-age=60.0, max-age=5', { maxAgeSeconds: 5 }],
    ['no-store=1.0, no-store', { noStore: true }],
    ['x="max-age=60.0, max-age=6.0", max-age=5, y=1.5', { maxAgeSeconds: 5 }],
    ['x="\\", max-age=60.0", max-age=5', { maxAgeSeconds: 5 }],
    ['x=%"\\", max-age=5, y=%", max-age=1.0, "', { maxAgeSeconds: 5 }],
    ['max-age=-0', { maxAgeSeconds: 0 }],
  ])('%s: a Decimal elsewhere changes nothing', (value, expected) =>
    expectOnly('cdn-cache-control', value, expected),
  );

  test.each([
    '',
    '  ',
    ',',
    'max-age=60,',
    'max-age=60,,no-store',
    'max-age =60',
    'max-age= 60',
    'Max-Age=60',
    'max-age=60 no-store',
    'max-age=60s',
    'max-age=60; no-store=',
    'max-age=9999999999999999',
    'no-cache="x',
    'no-cache="\xe9"',
    '"no-store"',
    '&',
  ])('%j is no dictionary with members, and so the field is ignored', (value) =>
    expectOnly('cdn-cache-control', value, undefined),
  );
});

describe('Surrogate-Control (Edge Architecture Specification §2.2, §2.3, §4.2)', () => {
  test.each<[string, Partial<CacheControl>]>([
    ['max-age=60', { maxAgeSeconds: 60 }],
    ['MaX-aGe=60', { maxAgeSeconds: 60 }],
    ['max-age=60+30', { maxAgeSeconds: 60, staleWhileRevalidateSeconds: 30 }],
    ['max-age=0', { maxAgeSeconds: 0 }],
    [
      `max-age=${'9'.repeat(400)}+${'9'.repeat(400)}`,
      {
        maxAgeSeconds: MAX_DELTA_SECONDS,
        staleWhileRevalidateSeconds: MAX_DELTA_SECONDS,
      },
    ],
    ['NO-STORE', { noStore: true }],
    ['no-store, max-age=60', { noStore: true, maxAgeSeconds: 60 }],
    ['foobar, max-age=60', { maxAgeSeconds: 60 }],
    ['no-store-remote, max-age=60', { maxAgeSeconds: 60 }],
    ['content="ESI/1.0 ORAESI/9.0.2", max-age=60', { maxAgeSeconds: 60 }],
    ['content="ESI/1.0, no-store;", max-age=60', { maxAgeSeconds: 60 }],
    ['content="ESI/1.0, no-store', { noStore: true }],
    [',, max-age=60 ,', { maxAgeSeconds: 60 }],
    ['max-age=1, max-age=60', { maxAgeSeconds: 1 }],
    ['max-age=x, max-age=60', { maxAgeSeconds: 60 }],
    // targeted
    ['max-age=60;cachegate', { maxAgeSeconds: 60 }],
    ['max-age=60 ; cachegate', { maxAgeSeconds: 60 }],
    ['max-age=60;other;cachegate', { maxAgeSeconds: 60 }],
    ['no-store;other, max-age=60', { maxAgeSeconds: 60 }],
    ['max-age=1+5, max-age=60;cachegate', { maxAgeSeconds: 60 }],
    ['max-age=60;cachegate, max-age=1', { maxAgeSeconds: 60 }],
    ['max-age=60;cachegate, no-store', { maxAgeSeconds: 60, noStore: true }],
  ])('%s', (value, expected) => expectOnly('surrogate-control', value, expected));

  test.each([
    '',
    ' , ',
    'foobar',
    'content="ESI/1.0"',
    'content="no-store"',
    'no-store-remote',
    'max-age=60;other',
    'max-age=60;Cachegate',
    'no-store;other',
    'max-age =60',
    'max-age= 60',
    'max-age=60 +1',
    'max-age=60+',
    'max-age=+1',
    'max-age=-1',
    'max-age=1.5',
    'max-age="60"',
    'max-age',
    'max-age=60;',
    'cachegate;max-age=60',
  ])('%j says nothing to this cache', (value) => expectOnly('surrogate-control', value, undefined));
});

test('what is serialised is parsed', () => {
  const seconds = fc.nat({ max: MAX_DELTA_SECONDS });
  const members = fc.record(
    { 'max-age': seconds, 'stale-if-error': seconds, 'no-store': fc.boolean(), public: fc.boolean() },
    { requiredKeys: ['public'] },
  );
  const unknown = fc.constantFrom(1.5, 'a, no-cache', new Token('token'), true);
  fc.assert(
    fc.property(members, unknown, (known, other) => {
      expectOnly('a-cache-control', serializeDictionary({ x: other, ...known }), {
        maxAgeSeconds: known['max-age'],
        staleIfErrorSeconds: known['stale-if-error'],
        noStore: known['no-store'] ?? false,
        public: known.public,
      });
    }),
  );
});

test('nothing makes it throw, and seconds are whole numbers in range', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^(max-age=[0-9.+-]{0,20}|[,;" =\\%():?@a-c])*$/),
  );
  fc.assert(
    fc.property(fc.constantFrom('surrogate-control', 'cdn-cache-control'), text, (name, value) => {
      for (const found of [parseTargeted(name, value), parseTargeted(name, `max-age=${value}`)]) {
        for (const seconds of [found?.maxAgeSeconds, found?.staleWhileRevalidateSeconds]) {
          if (seconds === undefined) continue;
          expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_DELTA_SECONDS).toBe(true);
        }
      }
    }),
    { numRuns: 500 },
  );
});

// Quadratic time would be many minutes here, and fail by the test's own deadline.
test.each(['"', '"\\', '\\"', 'a=1.0,', 'a;', 'a=(),', 'a=%"a",', 'max-age=1,'])(
  'half a megabyte of %j takes linear time',
  (unit) => {
    const text = unit.repeat(500_000 / unit.length);
    for (const name of ['surrogate-control', 'cdn-cache-control']) {
      for (const value of [text, `${text}a`, `a=1.5,b="${text}"`]) {
        const found = parseTargeted(name, value);
        expect(found === undefined || typeof found === 'object').toBe(true);
      }
    }
  },
  60_000,
);
