import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  HOUR,
  httpDate,
  PLAIN_POLICY,
  RECEIVED_AT,
  requestWith,
  responseWith,
  SECOND,
} from '../../test/support/exchange.ts';
import { assessResponse } from './assessment.ts';
import { decide } from './decision.ts';
import { withGivenLifetime } from './lifetime.ts';
import type { CachePolicy } from './policy.ts';
import { freshen } from './validation.ts';

type Fields = Record<string, string>;

const GET = requestWith();
const AUTHORIZED = requestWith({ authorization: 'Bearer x' });
const PRIVATE: CachePolicy = { ...PLAIN_POLICY, private: true };

const assess = (fields: Fields, policy = PRIVATE, request = GET) =>
  assessResponse(request, responseWith(fields), policy);

describe('a private cache (RFC 9111 §3)', () => {
  test.each<[string, Fields]>([
    ['what is private (§5.2.2.7)', { 'Cache-Control': 'private, max-age=60' }],
    ['what has fields that are', { 'Cache-Control': 'private="Content-Type, Vary", max-age=60', Vary: 'A' }],
    ['a cookie, which is its only user’s', { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'a=1' }],
  ])('stores %s, whole', (_, fields) => {
    expect(assess(fields)).toMatchObject({ storable: true, withheld: [], freshnessLifetimeMs: 60 * SECOND });
  });

  test('stores what answers credentials (§3.5), also where it is forced to', () => {
    const fresh = { 'Cache-Control': 'max-age=60' };
    expect(assess(fresh, PLAIN_POLICY, AUTHORIZED).reason).toBe('authorization');
    expect(assess(fresh, PRIVATE, AUTHORIZED).reason).toBeNull();
    const forced = { ...PRIVATE, force: true, ttlSeconds: 9 };
    expect(assess({ 'Set-Cookie': 'a=1' }, forced, AUTHORIZED)).toMatchObject({ storable: true });
  });

  test('guesses lifetimes for its user’s cookies too, in every mode', () => {
    const fields = { 'Last-Modified': httpDate(-HOUR) };
    const sender = requestWith({ cookie: 'a=1' });
    for (const mode of ['safe', 'rfc'] as const) {
      const assessment = assess(fields, { ...PRIVATE, mode }, sender);
      expect(assessment).toMatchObject({ storable: true, heuristic: false, freshnessLifetimeMs: HOUR / 10 });
    }
  });

  test.each<[string, Fields]>([
    ['no-store', { 'Cache-Control': 'no-store, private, max-age=60' }],
    ['vary', { 'Cache-Control': 'private, max-age=60', Vary: '*' }],
    ['not-reusable', { 'Cache-Control': 'private' }],
  ])('is bound by all the rest: %s', (reason, fields) => {
    expect(assess(fields)).toMatchObject({ storable: false, reason });
  });

  test('must revalidate where all must, and does not where only shared caches must (§5.2.2.2, §5.2.2.8)', () => {
    const must = (directive: string) =>
      assess({ 'Cache-Control': `max-age=60, ${directive}` }).mustRevalidate;
    expect(['must-revalidate', 'proxy-revalidate', 's-maxage=9'].map(must)).toEqual([true, false, false]);
  });

  test.each<[string, Fields, number]>([
    ['s-maxage (§5.2.2.10)', { 'Cache-Control': 's-maxage=9, max-age=60' }, 60],
    [
      'CDN-Cache-Control (RFC 9213 §3.1)',
      { 'CDN-Cache-Control': 'max-age=9', 'Cache-Control': 'max-age=60' },
      60,
    ],
    ['Surrogate-Control', { 'Surrogate-Control': 'no-store', 'Cache-Control': 'max-age=60' }, 60],
    ['s-maxage before Expires', { 'Cache-Control': 's-maxage=9', Expires: httpDate(60 * SECOND) }, 60],
  ])('is not told %s', (_, fields, seconds) => {
    expect(assess(fields)).toMatchObject({ storable: true, freshnessLifetimeMs: seconds * SECOND });
  });

  test('heeds a targeted field of its own', () => {
    const policy = { ...PRIVATE, targetedFields: ['cdn-cache-control', 'our-cache-control'] };
    const fields = {
      'CDN-Cache-Control': 'max-age=1',
      'Our-Cache-Control': 'max-age=2',
      'Cache-Control': 'no-store',
    };
    expect(assess(fields, policy).freshnessLifetimeMs).toBe(2 * SECOND);
  });

  test('keeps the cookie that a validation brings', () => {
    const notModified = responseWith({ 'Set-Cookie': 'b=2' }, { status: 304 });
    const stored = responseWith({ ETag: '"1"', 'Set-Cookie': 'a=1' });
    expect(freshen(stored, notModified, PRIVATE).fields).toContain('b=2');
    expect(freshen(stored, notModified, PLAIN_POLICY).fields).toContain('a=1');
  });
});

const seconds = fc.integer({ min: 0, max: 100 });
const directive = fc.oneof(
  fc.constantFrom('no-store', 'no-cache', 'must-revalidate', 'public', 'immutable', 'must-understand'),
  seconds.map((age) => `max-age=${age}`),
  seconds.map((age) => `stale-while-revalidate=${age}`),
);
const toSharedCaches = fc.oneof(
  fc.constantFrom('private', 'proxy-revalidate', 'private="X-A"'),
  seconds.map((age) => `s-maxage=${age}`),
);
const fields = fc.record(
  {
    Expires: seconds.map((age) => httpDate(age * SECOND)),
    ETag: fc.constant('"1"'),
    'Last-Modified': fc.constant(httpDate(-HOUR)),
    'X-A': fc.constant('1'),
    Age: seconds.map(String),
  },
  { requiredKeys: [] },
);
const requests = fc.constantFrom(
  GET,
  AUTHORIZED,
  requestWith({ cookie: 'a=1' }),
  requestWith({ pragma: 'no-cache' }),
);
const controls = (of: fc.Arbitrary<string>) => fc.array(of, { maxLength: 4 });

describe('whatever a response says', () => {
  test('a private cache does as if nothing were said to shared ones', () => {
    fc.assert(
      fc.property(
        controls(directive),
        controls(toSharedCaches),
        fields,
        requests,
        (toAll, toShared, other, request) => {
          // What is said to all keeps its order; the first of several numbers counts.
          const said = (list: readonly string[]) => ({ ...other, 'Cache-Control': list.join(', ') });
          const withShared = {
            ...said([...toAll, ...toShared]),
            'CDN-Cache-Control': 'max-age=1',
            'Surrogate-Control': 'max-age=1',
          };
          expect(assess(withShared, PRIVATE, request)).toEqual(assess(said(toAll), PRIVATE, request));
        },
      ),
    );
  });

  test('it stores all that a shared one does, and answers no longer without asking unless that was for shared ones', () => {
    fc.assert(
      fc.property(controls(directive), fields, requests, seconds, (toAll, other, request, after) => {
        const response = responseWith({ ...other, 'Cache-Control': toAll.join(', ') });
        const [shared, own] = [PLAIN_POLICY, PRIVATE].map((policy) =>
          assessResponse(request, response, policy),
        );
        if (shared!.storable) expect(own!.storable).toBe(true);
        if (!shared!.storable || request !== GET) return;
        const plan = (assessment: typeof own) =>
          decide(GET, { assessment: assessment!, response }, RECEIVED_AT + after * SECOND);
        expect(plan(own)).toEqual(plan(shared));
      }),
    );
  });
});

describe('a lifetime that who asks gives', () => {
  const lifetime = (response: ReturnType<typeof responseWith>, policy = PLAIN_POLICY) =>
    assessResponse(GET, { ...response, fields: withGivenLifetime(response, 60, policy) }, policy);

  test('counts from receipt where the origin gives none', () => {
    expect(lifetime(responseWith())).toMatchObject({ storable: true, freshnessLifetimeMs: 60 * SECOND });
    const aged = lifetime(responseWith({ Age: '30', Date: httpDate(-10 * SECOND) }));
    expect(aged.freshnessLifetimeMs - aged.correctedInitialAgeMs).toBe(60 * SECOND);
  });

  test.each<[string, Fields, number]>([
    ['max-age', { 'Cache-Control': 'max-age=5' }, 5],
    ['s-maxage', { 'Cache-Control': 's-maxage=5' }, 5],
    ['a targeted field', { 'CDN-Cache-Control': 'max-age=5' }, 5],
    ['Expires', { Expires: httpDate(5 * SECOND) }, 5],
    ['Expires that is no date', { Expires: '0', ETag: '"1"' }, 0],
  ])('leaves %s alone', (_, said, seconds) => {
    const response = responseWith(said);
    expect(withGivenLifetime(response, 60, PLAIN_POLICY)).toBe(response.fields);
    expect(lifetime(response).freshnessLifetimeMs).toBe(seconds * SECOND);
  });

  test('takes the place of a guess, and allows nothing that is forbidden', () => {
    expect(lifetime(responseWith({ 'Last-Modified': httpDate(-HOUR) })).freshnessLifetimeMs).toBe(
      60 * SECOND,
    );
    expect(lifetime(responseWith({ 'Cache-Control': 'no-store' })).reason).toBe('no-store');
    expect(lifetime(responseWith({ 'Cache-Control': 'private' })).reason).toBe('private');
    expect(lifetime(responseWith({ 'Cache-Control': 'private' }), PRIVATE).reason).toBeNull();
  });

  test('is for what is cacheable by default, and no error; a 304 passes it on', () => {
    const given = (status: number) =>
      withGivenLifetime(responseWith({}, { status }), 60, PLAIN_POLICY).includes('Expires');
    expect([200, 204, 301, 304, 302, 404, 500].map(given)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
