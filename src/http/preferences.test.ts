import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalisedPreference } from './preferences.ts';

describe('Accept-Encoding (RFC 9110 §12.5.3)', () => {
  test.each([
    ['gzip', 'gzip'],
    ['gzip, br', 'br,gzip'],
    ['br,gzip', 'br,gzip'],
    [' GZIP ,\tBr ,,', 'br,gzip'],
    ['gzip, gzip', 'gzip'],
    ['x-gzip, X-Compress;q=0.5', 'gzip,compress;q=0.5'],
    ['gzip, x-gzip', 'gzip'],
    ['gzip;q=1, br;q=1.000, zstd;q=1.', 'br,gzip,zstd'],
    ['gzip;q=0.50, br ; Q=0.5', 'br;q=0.5,gzip;q=0.5'],
    ['identity;q=0, *;q=0.000', '*;q=0,identity;q=0'],
    ['gzip;q=0.001, br;q=0.01, zstd', 'zstd,br;q=0.01,gzip;q=0.001'],
    ['', ''],
    [' , ', ''],
  ])('%j', (value, expected) => expect(normalisedPreference('accept-encoding', value)).toBe(expected));
});

describe('Accept-Language and Accept-Charset (RFC 9110 §12.5.2, §12.5.4)', () => {
  test.each([
    ['de-DE,de;q=0.9,en;q=0.8', 'de-de,de;q=0.9,en;q=0.8'],
    ['en;q=0.8, de;q=0.90, de-DE', 'de-de,de;q=0.9,en;q=0.8'],
    ['*', '*'],
    // An alias of a coding is none here.
    ['x-gzip', 'x-gzip'],
  ])('%j', (value, expected) => {
    expect(normalisedPreference('accept-language', value)).toBe(expected);
    expect(normalisedPreference('accept-charset', value)).toBe(expected);
  });
});

describe('Accept (RFC 9110 §12.5.1)', () => {
  test.each([
    // Who prefers which says it by the order, where weights are equal: origins answer so.
    ['text/html, Application/JSON', 'text/html,application/json'],
    ['Application/JSON, text/html', 'application/json,text/html'],
    ['b/b;q=0.5, c/c, a/a;q=0.5, a/b', 'c/c,a/b,b/b;q=0.5,a/a;q=0.5'],
    ['*/*;q=0.8, text/*;q=0.9', 'text/*;q=0.9,*/*;q=0.8'],
    ['text/html ; Level=1 ; q=0.70', 'text/html;level=1;q=0.7'],
    ['text/html;q=0.7;level=1', 'text/html;level=1;q=0.7'],
    ['a/b;v=Case', 'a/b;v=Case'],
    ['a/b;;q=0.5;', 'a/b;q=0.5'],
    ['a/b;x=1, a/b;x=2, a/b', 'a/b;x=1,a/b;x=2,a/b'],
    // Quoted, white space may mean something.
    [' a/b;t="x, Y",  c/d ', 'a/b;t="x, Y",  c/d'],
  ])('%j', (value, expected) => expect(normalisedPreference('accept', value)).toBe(expected));
});

describe('what is malformed keeps its order and case', () => {
  test.each([
    ['accept-encoding', 'Gzip;q=2, br', 'Gzip;q=2,br'],
    ['accept-encoding', 'Gzip;q=0.1234, br', 'Gzip;q=0.1234,br'],
    ['accept-encoding', 'Gzip;q=.5 , br', 'Gzip;q=.5,br'],
    ['accept-encoding', 'Gzip;q=-1', 'Gzip;q=-1'],
    ['accept-encoding', 'Gzip;q="1"', 'Gzip;q="1"'],
    ['accept-encoding', 'Gzip;q, br', 'Gzip;q,br'],
    ['accept-encoding', 'Gzip; br', 'Gzip; br'],
    ['accept-encoding', 'Gzip;q=1;q=1', 'Gzip;q=1;q=1'],
    ['accept-encoding', 'G zip, br', 'G zip,br'],
    ['accept-encoding', ';q=1, br', ';q=1,br'],
    ['accept', 'Text', 'Text'],
    ['accept', '*; q=.2', '*; q=.2'],
    ['accept', 'Text/html/x', 'Text/html/x'],
    ['accept', 'Text/', 'Text/'],
    ['accept', 'Text/a;b', 'Text/a;b'],
    ['accept', 'Text/a;b=c=d', 'Text/a;b=c=d'],
    ['accept', 'Text/a;q=1;q=0', 'Text/a;q=1;q=0'],
    ['accept', 'Text/a;q=x', 'Text/a;q=x'],
    // What a recipient makes of two weights for one name is its own.
    ['accept-encoding', 'gzip;q=0, gzip', 'gzip;q=0,gzip'],
    ['accept-encoding', 'x-gzip;q=0.5, gzip', 'x-gzip;q=0.5,gzip'],
  ])('%s: %j', (name, value, expected) => expect(normalisedPreference(name, value)).toBe(expected));
});

describe('any other field loses the white space around its commas', () => {
  test.each([
    ['x-other', ' B , a;q=1.0', 'B,a;q=1.0'],
    ['x-other', ' one value ', 'one value'],
    ['x-other', '"a , b" , c', '"a , b" , c'],
    ['accept-ranges', 'B, a', 'B,a'],
  ])('%s: %j', (name, value, expected) => expect(normalisedPreference(name, value)).toBe(expected));
});

const fieldName = fc.constantFrom(
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'x-other',
);
const preferenceName = fc.constantFrom('gzip', 'br', 'de-ch', '*', 'identity');
const thousandths = fc.constantFrom(0, 1, 10, 100, 500, 990, 999, 1000);

/** One of the ways to write a weight. */
function spelledWeight(weight: number, digits: number): string {
  if (weight === 1000 && digits === 0) return '';
  const shortest = String(weight / 1000);
  const longest = (weight / 1000).toFixed(3);
  return `;q=${longest.slice(0, Math.max(shortest.length, digits + 1))}`;
}

const preferences = fc.uniqueArray(fc.tuple(preferenceName, thousandths), { selector: ([name]) => name });
const spelling = fc.record({
  order: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
  space: fc.constantFrom('', ' ', ' \t'),
  digits: fc.nat({ max: 4 }),
  upper: fc.boolean(),
});

type Spelling = typeof spelling extends fc.Arbitrary<infer T> ? T : never;

function spelled(members: readonly (readonly [string, number])[], how: Spelling): string {
  return members
    .map((member, i) => ({ member, rank: how.order[i]! }))
    .sort((a, b) => a.rank - b.rank)
    .map(
      ({ member: [name, weight] }) =>
        (how.upper ? name.toUpperCase() : name) + spelledWeight(weight, how.digits),
    )
    .map((text) => how.space + text.replace(';', `${how.space};${how.space}`) + how.space)
    .join(`,${how.space}`);
}

test('two values are the same exactly when they prefer the same as much', () => {
  fc.assert(
    fc.property(preferences, spelling, preferences, spelling, (one, how, another, otherHow) => {
      const normalise = (value: string) => normalisedPreference('accept-language', value);
      const inOneWay = normalise(spelled(one, how));
      expect(normalise(spelled(one, otherHow))).toBe(inOneWay);
      const isSame = sameMembers(one, another);
      expect(normalise(spelled(another, otherHow)) === inOneWay).toBe(isSame);
    }),
    { numRuns: 500 },
  );
});

function sameMembers(
  one: readonly (readonly [string, number])[],
  another: readonly (readonly [string, number])[],
): boolean {
  const weights = new Map(another);
  return one.length === another.length && one.every(([name, weight]) => weights.get(name) === weight);
}

test('once normalised, a value stays as it is, and it never grows', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^(a\/b|gzip|X-gzip|[;,= ]|;q=[01][.0-9]{0,5}|")*$/),
  );
  fc.assert(
    fc.property(fieldName, text, (name, value) => {
      const normalised = normalisedPreference(name, value);
      expect(normalisedPreference(name, normalised)).toBe(normalised);
      expect(normalisedPreference(name, value)).toBe(normalised);
      expect(normalised.length).toBeLessThanOrEqual(value.length);
    }),
    { numRuns: 1000 },
  );
});

test('many different values are each normalised, remembered or not', () => {
  for (let i = 0; i < 2000; i++) {
    expect(normalisedPreference('accept-language', `B${i}, a${i}`)).toBe(`a${i},b${i}`);
  }
});

// Quadratic time would be hours here, and fail by the test's own deadline.
test.each([' ', ',', ';', 'a,', 'a;q=1,', 'a/b,', '=', ';q=1', '"'])(
  'a megabyte of %j takes linear time',
  (unit) => {
    const value = unit.repeat(1_000_000 / unit.length);
    for (const name of ['accept', 'accept-encoding', 'x-other']) {
      expect(normalisedPreference(name, `a,${value}`).length).toBeLessThanOrEqual(value.length + 2);
    }
  },
);
