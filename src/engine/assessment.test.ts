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
import { type Assessment, assessResponse } from './assessment.ts';
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

  test('also what answers a method with its content in the key (RFC 9110 §9.3.3)', () => {
    const keyed = { ...requestWith({}, 'POST'), contentKeyed: true };
    expect(assess(fresh, {}, keyed)).toMatchObject({ storable: true, reason: null });
    // A validator, or an age, says nothing of what another content would have brought.
    expect(assess({ ETag: '"1"' }, {}, keyed).reason).toBe('no-lifetime');
    expect(assess({ 'Last-Modified': httpDate(-HOUR) }, {}, keyed).reason).toBe('no-lifetime');
  });

  test('no interim response, and no 304', () => {
    for (const status of [100, 103, 304]) expect(assess(fresh, {}, GET, status).reason).toBe('status');
  });

  test.each<[string, Fields, Assessment['part']]>([
    [
      'the part it says it is',
      { 'Content-Range': 'bytes 2-3/9' },
      { range: { first: 2, last: 3 }, length: 9 },
    ],
    [
      'one of an unknown whole',
      { 'Content-Range': 'bytes 2-3/*' },
      { range: { first: 2, last: 3 }, length: undefined },
    ],
    ['nothing without Content-Range', {}, null],
    ['nothing of several parts', { 'Content-Type': 'multipart/byteranges; boundary=x' }, null],
    ['nothing of another unit', { 'Content-Range': 'lines 2-3/9' }, null],
    ['nothing of two ranges at once', { 'Content-Range': 'bytes 0-1/9, bytes 2-3/9' }, null],
    ['nothing beyond its whole', { 'Content-Range': 'bytes 2-9/9' }, null],
    ['nothing of no range', { 'Content-Range': 'bytes */9' }, null],
  ])('of a 206 %s (§3.3)', (_name, fields, part) => {
    expect(assess({ ...fresh, ...fields }, {}, GET, 206)).toMatchObject({
      part,
      storable: part !== null,
      reason: part === null ? 'status' : null,
    });
  });

  test('a Content-Range of another status means nothing (RFC 9110 §14.4)', () => {
    expect(assess({ ...fresh, 'Content-Range': 'bytes 2-3/9' }).part).toBeNull();
  });

  test('any final status with an explicit lifetime; others only where they are cacheable by default', () => {
    for (const status of [200, 302, 404, 429, 503, 599])
      expect(assess(fresh, {}, GET, status).storable).toBe(true);
    for (const status of [302, 429, 503])
      expect(assess({ ETag: '"1"' }, {}, GET, status).reason).toBe('no-lifetime');
  });

  test('a failure only while it is fresh: else it would displace what may stand in for it (RFC 5861 §4)', () => {
    const stale = { 'Cache-Control': 'max-age=0, stale-if-error=60', ETag: '"1"' };
    for (const status of [429, 500, 503]) {
      expect(assess(stale, {}, GET, status).reason).toBe('not-reusable');
      expect(assess({ ...stale, ...fresh }, {}, GET, status).storable).toBe(true);
    }
    for (const status of [200, 404, 410]) expect(assess(stale, {}, GET, status).storable).toBe(true);
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

describe('private and no-cache with names of fields (RFC 9111 §5.2.2.7, §5.2.2.4)', () => {
  test.each<[string, readonly string[]]>([
    ['private="X-User", max-age=60', ['x-user']],
    ['no-cache="x-a, X-B", max-age=60', ['x-a', 'x-b']],
    ['private="x-a", no-cache="x-b", max-age=60', ['x-a', 'x-b']],
    ['max-age=60', []],
  ])('%s withholds %j and lets the rest be stored and reused', (value, withheld) => {
    const assessment = assess({ 'Cache-Control': value });
    expect(assessment).toMatchObject({ storable: true, noCache: false, withheld });
  });

  test.each(['private', 'no-cache'])('%s that names the cookie lets the rest be shared', (directive) => {
    const fields = { 'Cache-Control': `${directive}="Set-Cookie", max-age=60`, 'Set-Cookie': 'a=1' };
    expect(assess(fields)).toMatchObject({ storable: true, withheld: ['set-cookie'] });
  });

  test.each(['private=""', 'private="x-a", private', 'private="x-a", private="x-b"', 'private=" , "'])(
    '%s is the stricter one without names',
    (value) => {
      expect(assess({ 'Cache-Control': `${value}, max-age=60` }).reason).toBe('private');
    },
  );

  test.each(['Vary', 'Content-Encoding', 'Content-Range', 'Content-Type', 'Cache-Control', 'Expires'])(
    'a response is private without its %s',
    (name) => {
      for (const directive of ['private', 'no-cache']) {
        const fields = { 'Cache-Control': `${directive}="${name}", max-age=60`, ETag: '"1"' };
        expect(assess(fields).reason).toBe('private');
      }
    },
  );

  test('answers to credentials are not the more shared for it (§3.5)', () => {
    const fields = { 'Cache-Control': 'private="x-user", max-age=60' };
    expect(assess(fields, {}, AUTHORIZED).reason).toBe('authorization');
  });
});

describe('the two modes', () => {
  const cookie = { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'a=1' };
  const modified = { 'Last-Modified': httpDate(-100 * HOUR) };
  const withCookies = requestWith({ cookie: 'a=1' });

  test('rfc stores a Set-Cookie (RFC 9111 §7.3 only warns), safe does not', () => {
    expect(assess(cookie, { mode: 'rfc' })).toMatchObject({ storable: true, reason: null });
    expect(assess(cookie, { mode: 'safe' }).reason).toBe('set-cookie');
    expect(assess(cookie, { mode: 'rfc', force: true, ttlSeconds: 60 }).reason).toBe('set-cookie');
  });

  test('rfc guesses lifetimes for those who send cookies too, safe for nobody who does', () => {
    expect(assess(modified, { mode: 'rfc' }, withCookies)).toMatchObject({
      storable: true,
      heuristic: false,
    });
    expect(assess(modified, { mode: 'safe' }, withCookies).reason).toBe('no-lifetime');
    expect(assess(modified, { mode: 'safe' })).toMatchObject({ storable: true, heuristic: true });
  });

  test.each(['no-store, max-age=60', 'private, max-age=60', 'max-age=60'])(
    'neither shares what RFC 9111 forbids: %s for credentials',
    (value) => {
      for (const mode of ['safe', 'rfc'] as const) {
        expect(assess({ 'Cache-Control': value }, { mode }, AUTHORIZED).storable).toBe(false);
      }
    },
  );
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
      const policy = { staleIfErrorSeconds: 9, staleIfDisconnectedSeconds: 9 };
      expect(assess({ 'Cache-Control': value }, policy)).toMatchObject({
        mustRevalidate: directive !== 'no-cache',
        noCache: directive === 'no-cache',
        staleWhileRevalidateMs: 0,
        staleIfErrorMs: 0,
        staleIfDisconnectedMs: 0,
      });
    },
  );

  test('the window of a cache that is disconnected is the policy’s alone (RFC 9111 §4.2.4)', () => {
    const fields = { 'Cache-Control': 'max-age=1, stale-if-error=100' };
    expect(assess(fields, { staleIfDisconnectedSeconds: 9 }).staleIfDisconnectedMs).toBe(9_000);
    expect(assess(fields).staleIfDisconnectedMs).toBe(0);
  });

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
