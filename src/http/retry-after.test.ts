import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHttpDate } from './http-date.ts';
import { parseRetryAfter } from './retry-after.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('Retry-After (RFC 9110 §10.2.3)', () => {
  test.each<[string, number | undefined]>([
    ['120', 120_000],
    ['0', 0],
    ['9'.repeat(400), 2 ** 31 * 1000],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
    ['Thursday, 01-Jan-26 00:00:05 GMT', 5000],
    ['Thu Jan  1 00:00:05 2026', 5000],
    ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['+1', undefined],
    ['2s', undefined],
    ['1, 2', undefined],
    ['soon', undefined],
    ['2026-01-01T00:00:05Z', undefined],
  ])('%j', (value, expected) => expect(parseRetryAfter(value, NOW)).toBe(expected));
});

test('a date and its distance in seconds say the same', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 31 }), (seconds) => {
      const date = formatHttpDate(NOW + seconds * 1000);
      expect(parseRetryAfter(date, NOW)).toBe(parseRetryAfter(String(seconds), NOW));
    }),
  );
});

test('nothing makes it throw, and there is no wait into the past', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^-?[0-9]{1,400}(\.[0-9])?$/));
  fc.assert(
    fc.property(text, (value) => {
      const wait = parseRetryAfter(value, NOW);
      expect(wait === undefined || (Number.isSafeInteger(wait) && wait >= 0)).toBe(true);
    }),
  );
});
