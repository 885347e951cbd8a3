import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestWith } from '../../test/support/exchange.ts';
import { variantKey } from './selection.ts';

const keyOf = (fields: Record<string, string>) => variantKey(['accept', 'x-b'], requestWith(fields));

test('nothing nominated selects alike', () => {
  expect(variantKey([], requestWith({ accept: 'a' }))).toBe('');
});

describe('the same stored response (RFC 9111 §4.1)', () => {
  test.each<[Record<string, string>, Record<string, string>]>([
    [{ accept: 'a' }, { accept: 'a', 'x-c': 'not nominated' }],
    [{ accept: 'a, b' }, { accept: ' a ,\tb ' }],
    [{ accept: ' a' }, { accept: 'a' }],
    [{}, {}],
    [{ accept: 'text/html;q=0.50, text/plain' }, { accept: 'Text/Plain,text/html; q=0.5' }],
    [{ 'x-b': 'a, b' }, { 'x-b': 'a,b' }],
  ])('%j and %j', (one, other) => expect(keyOf(one)).toBe(keyOf(other)));
});

describe('another one', () => {
  test.each<[Record<string, string>, Record<string, string>]>([
    [{ accept: 'a' }, { accept: 'b' }],
    [{ accept: 'a' }, { accept: 'A' }],
    [{ accept: 'a' }, {}],
    [{ accept: '' }, {}],
    [{ 'x-b': 'a, b' }, { 'x-b': 'b, a' }],
    [{ accept: 'text/html;q=0.5, text/plain' }, { accept: 'text/html, text/plain;q=0.5' }],
    [{ accept: 'a b' }, { accept: 'ab' }],
    [{ accept: 'a  b' }, { accept: 'a b' }],
    [{ accept: '"a, b"' }, { accept: '"a,b"' }],
    [{ accept: 'a' }, { 'x-b': 'a' }],
    [{ accept: 'x-b:' }, { 'x-b': '' }],
  ])('%j and %j', (one, other) => expect(keyOf(one)).not.toBe(keyOf(other)));
});

test('keys are alike for the same values only', () => {
  // Values of fields hold no line feed (RFC 9110 §5.5).
  const value = fc.option(fc.stringMatching(/^[ab:"][ab:"x-]{0,3}$/), { nil: undefined });
  const fields = fc.record({ accept: value, 'x-b': value });
  const given = (record: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  fc.assert(
    fc.property(fields, fields, (one, other) => {
      const alike = one.accept === other.accept && one['x-b'] === other['x-b'];
      expect(keyOf(given(one)) === keyOf(given(other))).toBe(alike);
    }),
    { numRuns: 1000 },
  );
});

// Quadratic time would be hours here, and fail by the test's own deadline.
test('a megabyte of white space takes linear time', () => {
  expect(keyOf({ accept: `,${' '.repeat(1_000_000)}x` })).toContain(',x');
});
