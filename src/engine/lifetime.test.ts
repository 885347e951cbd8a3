import { describe, expect, test } from 'vitest';
import {
  DAY,
  HOUR,
  httpDate,
  PLAIN_POLICY,
  requestWith,
  responseWith,
  SECOND,
} from '../../test/support/exchange.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';
import { freshnessLifetimeMs } from './lifetime.ts';
import { responseDirectives } from './response-directives.ts';

function lifetimeOf(
  response: ResponseFacts,
  policy = {},
  request: RequestFacts = requestWith(),
): number | undefined {
  const full = { ...PLAIN_POLICY, ...policy };
  return freshnessLifetimeMs(request, response, responseDirectives(response.fields, full), full);
}

describe('explicit lifetimes (RFC 9111 §4.2.1)', () => {
  test.each<[Record<string, string>, number]>([
    [{ 'Cache-Control': 'max-age=60' }, 60 * SECOND],
    [{ 'Cache-Control': 'max-age=60, s-maxage=5' }, 5 * SECOND],
    [{ 'Cache-Control': 'max-age=60', Expires: httpDate(HOUR) }, 60 * SECOND],
    [{ 'Cache-Control': 'max-age=none', Expires: httpDate(HOUR) }, 0],
    [{ Expires: httpDate(HOUR) }, HOUR],
    [{ Expires: httpDate(HOUR), Date: httpDate(-HOUR) }, 2 * HOUR],
    [{ Expires: httpDate(HOUR), Date: 'soon' }, HOUR],
    [{ Expires: httpDate(-HOUR) }, 0],
    [{ Expires: '0' }, 0],
    [{ Expires: `${httpDate(HOUR)}, ${httpDate(HOUR)}` }, 0],
    [{ 'Cache-Control': `max-age=${'9'.repeat(30)}` }, 2 ** 31 * SECOND],
  ])('%j', (fields, expected) => {
    expect(lifetimeOf(responseWith(fields))).toBe(expected);
    // Of any status, and whatever the policy would say where nothing is said.
    expect(lifetimeOf(responseWith(fields, { status: 503 }), { ttlSeconds: 9 })).toBe(expected);
  });
});

describe('lifetimes in a targeted field (RFC 9213 §2.2)', () => {
  test.each<[Record<string, string>, number | undefined]>([
    [{ 'CDN-Cache-Control': 'max-age=5', 'Cache-Control': 'max-age=60, s-maxage=70' }, 5 * SECOND],
    [{ 'CDN-Cache-Control': 'max-age=5', Expires: httpDate(HOUR) }, 5 * SECOND],
    [{ 'CDN-Cache-Control': 's-maxage=7, max-age=5', 'Cache-Control': 'max-age=60' }, 7 * SECOND],
    // Without a lifetime in it there is none but a guess: Cache-Control and Expires count for nothing.
    [{ 'CDN-Cache-Control': 'public', 'Cache-Control': 'max-age=60', Expires: httpDate(HOUR) }, 0],
    [{ 'CDN-Cache-Control': 'public', 'Last-Modified': httpDate(-10 * HOUR) }, HOUR],
    [{ 'CDN-Cache-Control': '', 'Cache-Control': 'max-age=60' }, 60 * SECOND],
    [{ 'CDN-Cache-Control': 'max-age=5;', 'Cache-Control': 'max-age=60' }, 60 * SECOND],
    [{ 'Surrogate-Control': 'max-age=9', 'Cache-Control': 'max-age=60' }, 9 * SECOND],
    [{ 'Surrogate-Control': 'max-age=9', 'CDN-Cache-Control': 'max-age=5' }, 5 * SECOND],
  ])('%j', (fields, expected) => {
    expect(lifetimeOf(responseWith(fields))).toBe(expected);
  });
});

describe('heuristics (RFC 9111 §4.2.2)', () => {
  const modified = (beforeMs: number) => ({ 'Last-Modified': httpDate(-beforeMs) });

  test('a tenth of the time since the last modification, a day at most', () => {
    expect(lifetimeOf(responseWith(modified(10 * HOUR)))).toBe(HOUR);
    expect(lifetimeOf(responseWith(modified(365 * DAY)))).toBe(DAY);
    expect(lifetimeOf(responseWith(modified(-HOUR)))).toBe(0);
    expect(lifetimeOf(responseWith())).toBe(0);
    expect(lifetimeOf(responseWith(modified(10 * HOUR)), { heuristic: false })).toBe(0);
  });

  test.each([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])('for %i (RFC 9110 §15.1)', (status) => {
    expect(lifetimeOf(responseWith(modified(10 * HOUR), { status }))).toBe(HOUR);
  });

  test.each([201, 202, 302, 303, 307, 400, 403, 429, 500, 503, 599])(
    'for %i only where it is public',
    (status) => {
      expect(lifetimeOf(responseWith(modified(10 * HOUR), { status }))).toBeUndefined();
      const fields = { ...modified(10 * HOUR), 'Cache-Control': 'public' };
      expect(lifetimeOf(responseWith(fields, { status }))).toBe(HOUR);
    },
  );

  test('not for an answer to another content (RFC 9110 §9.3.3)', () => {
    const keyed = { ...requestWith({}, 'POST'), contentKeyed: true };
    expect(lifetimeOf(responseWith(modified(10 * HOUR)), {}, keyed)).toBeUndefined();
    expect(lifetimeOf(responseWith({ 'Cache-Control': 'max-age=1' }), {}, keyed)).toBe(SECOND);
    expect(lifetimeOf(responseWith(), { ttlSeconds: 5 }, keyed)).toBe(5 * SECOND);
  });

  test('for an answer to cookies only in rfc mode', () => {
    const request = requestWith({ cookie: 'a=1' });
    expect(lifetimeOf(responseWith(modified(10 * HOUR)), { mode: 'rfc' }, request)).toBe(HOUR);
    expect(lifetimeOf(responseWith(modified(10 * HOUR)), {}, request)).toBeUndefined();
    expect(lifetimeOf(responseWith({ 'Cache-Control': 'max-age=1' }), {}, request)).toBe(SECOND);
    expect(lifetimeOf(responseWith(), { ttlSeconds: 5 }, request)).toBe(5 * SECOND);
  });
});

describe("the policy's lifetimes", () => {
  const policy = { ttlSeconds: 30, negativeTtlSeconds: new Map([[404, 5]]) };

  test('hold where the origin gives none, counted from receipt', () => {
    expect(lifetimeOf(responseWith(), policy)).toBe(30 * SECOND);
    expect(lifetimeOf(responseWith({ Age: '100' }), policy)).toBe(130 * SECOND);
    expect(lifetimeOf(responseWith({ 'Cache-Control': 'max-age=1' }), policy)).toBe(SECOND);
    expect(lifetimeOf(responseWith({}, { status: 404 }), policy)).toBe(5 * SECOND);
  });

  test('leave errors and temporary redirects alone that have none of their own', () => {
    expect(lifetimeOf(responseWith({}, { status: 410 }), policy)).toBe(0);
    expect(lifetimeOf(responseWith({}, { status: 500 }), policy)).toBeUndefined();
    expect(lifetimeOf(responseWith({}, { status: 302 }), policy)).toBeUndefined();
  });

  test('replace the others when forced', () => {
    const forced = { ...policy, force: true };
    const stated = { 'Cache-Control': 'max-age=1', Expires: httpDate(HOUR) };
    expect(lifetimeOf(responseWith(stated), forced)).toBe(30 * SECOND);
    expect(lifetimeOf(responseWith(stated, { status: 404 }), forced)).toBe(5 * SECOND);
    for (const status of [302, 410, 429, 500, 503]) {
      expect(lifetimeOf(responseWith(stated, { status }), forced), String(status)).toBeUndefined();
    }
  });
});
