import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DAY,
  PLAIN_POLICY,
  RECEIVED_AT,
  requestWith,
  responseWith,
  SECOND,
} from '../../test/support/exchange.ts';
import { assessResponse } from './assessment.ts';
import { currentAgeMs, remainingFreshnessMs, retentionMs } from './freshness.ts';

function assess(fields: Record<string, string>) {
  return assessResponse(requestWith(), responseWith(fields), PLAIN_POLICY);
}

test('current_age is the initial age and the time since (RFC 9111 §4.2.3)', () => {
  const assessment = assess({ 'Cache-Control': 'max-age=60', Age: '7' });
  expect(currentAgeMs(assessment, RECEIVED_AT)).toBe(7_000);
  expect(currentAgeMs(assessment, RECEIVED_AT + 1_234)).toBe(8_234);
  expect(remainingFreshnessMs(assessment, RECEIVED_AT + 1_234)).toBe(51_766);
  expect(remainingFreshnessMs(assessment, RECEIVED_AT + 60_000)).toBe(-7_000);
});

test('a clock that was set back makes nothing younger than it was', () => {
  expect(currentAgeMs(assess({ Age: '7' }), RECEIVED_AT - DAY)).toBe(7_000);
});

describe('a response that is called stale', () => {
  const called = (fields: Record<string, string>, staleAt: number) =>
    assessResponse(requestWith(), responseWith(fields), PLAIN_POLICY, staleAt);
  const fields = { 'Cache-Control': 'max-age=60, stale-while-revalidate=5', Age: '7' };

  test('is so from then on, and no younger', () => {
    const assessment = called(fields, RECEIVED_AT + 20_000);
    expect(remainingFreshnessMs(assessment, RECEIVED_AT + 20_000)).toBe(0);
    expect(remainingFreshnessMs(assessment, RECEIVED_AT + 23_000)).toBe(-3_000);
    expect(currentAgeMs(assessment, RECEIVED_AT + 23_000)).toBe(30_000);
  });

  test('was so before if it was', () => {
    expect(remainingFreshnessMs(called(fields, RECEIVED_AT + 60_000), RECEIVED_AT + 60_000)).toBe(-7_000);
  });

  test('by a clock that is behind, is so since it was received', () => {
    expect(remainingFreshnessMs(called(fields, RECEIVED_AT - 5_000), RECEIVED_AT + 1_000)).toBe(-1_000);
  });

  test('may be stored as if it were not', () => {
    expect(called({ 'Cache-Control': 'max-age=60' }, RECEIVED_AT).storable).toBe(true);
  });
});

describe('how long a response is kept', () => {
  test.each<[Record<string, string>, number]>([
    [{ 'Cache-Control': 'max-age=60' }, 60 * SECOND],
    [{ 'Cache-Control': 'max-age=60', Age: '20' }, 40 * SECOND],
    [{ 'Cache-Control': 'max-age=60, stale-while-revalidate=5, stale-if-error=9' }, 69 * SECOND],
    [{ 'Cache-Control': 'max-age=60', ETag: '"1"' }, 60 * SECOND + DAY],
    [{ 'Cache-Control': 'no-cache', ETag: '"1"' }, DAY],
    [{ 'Cache-Control': 'max-age=0' }, 0],
  ])('%j', (fields, expected) => {
    expect(retentionMs(assess(fields), PLAIN_POLICY, RECEIVED_AT)).toBe(expected);
  });

  test('for as long as the origin may be disconnected (§4.2.4)', () => {
    const policy = { ...PLAIN_POLICY, staleIfDisconnectedSeconds: 30 };
    const response = responseWith({ 'Cache-Control': 'max-age=60, stale-if-error=9' });
    expect(retentionMs(assessResponse(requestWith(), response, policy), policy, RECEIVED_AT)).toBe(90_000);
  });

  test('as the policy says, for validation', () => {
    const assessment = assess({ 'Cache-Control': 'max-age=60', ETag: '"1"' });
    expect(retentionMs(assessment, { ...PLAIN_POLICY, keepForValidationSeconds: 5 }, RECEIVED_AT)).toBe(
      65_000,
    );
    expect(retentionMs(assessment, { ...PLAIN_POLICY, keepForValidationSeconds: 0 }, RECEIVED_AT)).toBe(
      60_000,
    );
  });
});

const seconds = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 40n }).map(String),
  fc.string(),
);
const httpDates = fc
  .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toUTCString());
const fields = fc.record(
  {
    'Cache-Control': fc
      .tuple(seconds, seconds, seconds)
      .map(([age, swr, sie]) => `max-age=${age}, stale-while-revalidate=${swr}, stale-if-error=${sie}`),
    Age: seconds,
    Date: fc.oneof(httpDates, fc.string()),
    Expires: fc.oneof(httpDates, fc.string()),
    'Last-Modified': httpDates,
  },
  { requiredKeys: [] },
);
const instant = fc.integer({ min: 0, max: Date.UTC(2200) });

test('ages and lifetimes are finite, and time makes nothing younger', () => {
  fc.assert(
    fc.property(fields, instant, instant, instant, fc.nat(), (values, requestAt, responseAt, now, later) => {
      const received = responseWith(values as Record<string, string>, { requestAt, responseAt });
      const assessment = assessResponse(requestWith(), received, PLAIN_POLICY);
      const age = currentAgeMs(assessment, now);
      expect(Number.isSafeInteger(age) && age >= 0).toBe(true);
      expect(currentAgeMs(assessment, now + later)).toBeGreaterThanOrEqual(age);
      const remaining = remainingFreshnessMs(assessment, now);
      expect(Number.isSafeInteger(remaining)).toBe(true);
      expect(remainingFreshnessMs(assessment, now + later)).toBeLessThanOrEqual(remaining);
      const kept = retentionMs(assessment, PLAIN_POLICY, now);
      expect(Number.isSafeInteger(kept) && kept >= Math.max(0, remaining)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
