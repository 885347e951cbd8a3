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
import type { CachePolicy } from './policy.ts';
import type { UnstorableReason } from './storability.ts';

type Fields = Record<string, string>;

const GET = requestWith();
const AUTHORIZED = requestWith({ authorization: 'Bearer x' });

function assess(fields: Fields, policy: Partial<CachePolicy> = {}, request = GET, status = 200) {
  return assessResponse(request, responseWith(fields, { status }), { ...PLAIN_POLICY, ...policy });
}

describe('storing in a shared cache (RFC 9111 §3)', () => {
  const fresh = { 'Cache-Control': 'max-age=60' };

  test.each<[string, Fields]>([
    ['with an explicit lifetime', fresh],
    ['to be validated each time', { 'Cache-Control': 'no-cache', ETag: '"1"' }],
    ['with a validator and nothing else', { ETag: '"1"' }],
    ['with names of fields that select it', { ...fresh, Vary: 'Accept' }],
    ['public, so not private', { 'Cache-Control': 'public, max-age=60' }],
  ])('it is stored %s', (_name, fields) => {
    expect(assess(fields)).toMatchObject({ storable: true, reason: null });
  });

  test.each<[UnstorableReason, Fields]>([
    ['no-store', { 'Cache-Control': 'no-store, max-age=60' }],
    ['private', { 'Cache-Control': 'private, max-age=60' }],
    ['private', { 'Cache-Control': 'private="x-user", max-age=60' }],
    ['set-cookie', { ...fresh, 'Set-Cookie': 'a=1' }],
    ['vary', { ...fresh, Vary: 'Accept, *' }],
    ['not-reusable', {}],
    ['not-reusable', { 'Cache-Control': 'max-age=0' }],
    ['not-reusable', { 'Cache-Control': 'no-cache, max-age=60' }],
    ['not-reusable', { ...fresh, Age: '60' }],
    ['not-reusable', { 'Last-Modified': 'no date', 'Cache-Control': 'max-age=0' }],
  ])('%s: %j', (reason, fields) => {
    expect(assess(fields)).toMatchObject({ storable: false, reason });
  });

  test('only what answers a GET', () => {
    for (const method of ['HEAD', 'POST', 'DELETE', 'QUERY', 'get']) {
      expect(assess(fresh, {}, requestWith({}, method)).reason, method).toBe('method');
    }
  });

  test('neither interim nor partial responses, nor a 304', () => {
    for (const status of [100, 103, 206, 304]) expect(assess(fresh, {}, GET, status).reason).toBe('status');
  });

  test('any final status with an explicit lifetime; others only where they are cacheable by default', () => {
    for (const status of [200, 302, 404, 429, 503, 599])
      expect(assess(fresh, {}, GET, status).storable).toBe(true);
    for (const status of [302, 429, 503])
      expect(assess({ ETag: '"1"' }, {}, GET, status).reason).toBe('no-lifetime');
  });

  test('nothing of a request with no-store (§5.2.1.5)', () => {
    expect(assess(fresh, {}, requestWith({ 'cache-control': 'no-store' })).reason).toBe('request-no-store');
  });

  test('must-understand takes the place of no-store for a status that is known (§5.2.2.3)', () => {
    const fields = { 'Cache-Control': 'must-understand, no-store, max-age=60' };
    expect(assess(fields).storable).toBe(true);
    expect(assess(fields, {}, GET, 299).reason).toBe('status');
    expect(assess({ 'Cache-Control': 'must-understand, max-age=60' }, {}, GET, 599).reason).toBe('status');
  });
});

describe('answers to credentials (RFC 9111 §3.5)', () => {
  test.each(['public, max-age=60', 'must-revalidate, max-age=60', 's-maxage=60'])(
    '%s lets them be shared',
    (value) => {
      expect(assess({ 'Cache-Control': value }, {}, AUTHORIZED).storable).toBe(true);
    },
  );

  test.each(['max-age=60', 'proxy-revalidate, max-age=60', 'max-age=60, immutable'])(
    '%s does not',
    (value) => {
      expect(assess({ 'Cache-Control': value }, {}, AUTHORIZED).reason).toBe('authorization');
    },
  );

  test("nor does a policy's lifetime that is not forced", () => {
    expect(assess({}, { ttlSeconds: 60 }, AUTHORIZED).reason).toBe('authorization');
  });
});

describe('a forced policy', () => {
  const forced = { force: true, ttlSeconds: 60 };
  const asking = requestWith({ authorization: 'Bearer x', cookie: 'a=1', 'cache-control': 'no-store' });

  test.each(['no-store', 'private', 'no-cache', 's-maxage=0, must-revalidate', 'max-age=0'])(
    'overrules %s',
    (value) => {
      expect(assess({ 'Cache-Control': value }, forced, asking)).toMatchObject({
        storable: true,
        noCache: false,
        mustRevalidate: false,
        freshnessLifetimeMs: 60 * SECOND,
      });
    },
  );

  test('never shares a cookie, or what nothing selects', () => {
    expect(assess({ 'Set-Cookie': 'a=1' }, forced).reason).toBe('set-cookie');
    expect(assess({ Vary: '*' }, forced).reason).toBe('vary');
  });

  test('stores no error that it does not list', () => {
    const fields = { 'Cache-Control': 'max-age=60' };
    expect(assess(fields, forced, GET, 404).reason).toBe('no-lifetime');
    const listed = { ...forced, negativeTtlSeconds: new Map([[404, 5]]) };
    expect(assess(fields, listed, GET, 404)).toMatchObject({
      storable: true,
      freshnessLifetimeMs: 5 * SECOND,
    });
  });

  test('has its own windows', () => {
    const windows = { ...forced, staleWhileRevalidateSeconds: 5, staleIfErrorSeconds: 7 };
    const fields = { 'Cache-Control': 'must-revalidate, stale-while-revalidate=100, stale-if-error=100' };
    expect(assess(fields, windows)).toMatchObject({ staleWhileRevalidateMs: 5_000, staleIfErrorMs: 7_000 });
  });
});

describe('what a stored response allows', () => {
  test('windows of staleness (RFC 5861), by the origin before the policy', () => {
    const policy = { staleWhileRevalidateSeconds: 5, staleIfErrorSeconds: 7 };
    expect(assess({ 'Cache-Control': 'max-age=1' }, policy)).toMatchObject({
      staleWhileRevalidateMs: 5_000,
      staleIfErrorMs: 7_000,
    });
    const stated = { 'Cache-Control': 'max-age=1, stale-while-revalidate=0, stale-if-error=9' };
    expect(assess(stated, policy)).toMatchObject({ staleWhileRevalidateMs: 0, staleIfErrorMs: 9_000 });
  });

  test.each(['must-revalidate', 'proxy-revalidate', 's-maxage=1', 'no-cache'])(
    '%s closes them (RFC 9111 §4.2.4)',
    (directive) => {
      const value = `${directive}, max-age=1, stale-while-revalidate=9, stale-if-error=9`;
      expect(assess({ 'Cache-Control': value }, { staleIfErrorSeconds: 9 })).toMatchObject({
        mustRevalidate: directive !== 'no-cache',
        noCache: directive === 'no-cache',
        staleWhileRevalidateMs: 0,
        staleIfErrorMs: 0,
      });
    },
  );

  test('validators as the origin spelt them, an invalid date being none', () => {
    const lastModified = httpDate(-HOUR);
    expect(assess({ ETag: 'W/"1"', 'Last-Modified': lastModified })).toMatchObject({
      etag: 'W/"1"',
      lastModified,
    });
    expect(assess({ ETag: 'unquoted', 'Last-Modified': 'once' })).toMatchObject({
      etag: 'unquoted',
      lastModified: undefined,
    });
  });

  test('the rest', () => {
    const fields = { 'Cache-Control': 'max-age=60, immutable', Vary: 'B, a', Age: '2' };
    expect(assess(fields)).toMatchObject({
      immutable: true,
      nominated: ['a', 'b'],
      correctedInitialAgeMs: 2_000,
      responseAt: RECEIVED_AT,
    });
  });
});
