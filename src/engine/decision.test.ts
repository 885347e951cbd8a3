import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PLAIN_POLICY, RECEIVED_AT, requestWith, responseWith, SECOND } from '../../test/support/exchange.ts';
import { assessResponse } from './assessment.ts';
import {
  type Candidate,
  decide,
  mayServeStaleDisconnected,
  mayServeStaleOnError,
  type Plan,
} from './decision.ts';

function stored(cacheControl: string, fields: Record<string, string> = { ETag: '"1"' }): Candidate {
  const response = responseWith({ 'Cache-Control': cacheControl, ...fields });
  return { assessment: assessResponse(requestWith(), response, PLAIN_POLICY), response };
}

const NO_VALIDATOR = {};
const later = (seconds: number) => RECEIVED_AT + seconds * SECOND;
const asking = (cacheControl: string) => requestWith({ 'cache-control': cacheControl });

const REUSE: Plan = { action: 'reuse', stale: false, revalidateInBackground: false };
const REUSE_STALE: Plan = { action: 'reuse', stale: true, revalidateInBackground: false };
const REUSE_AND_REVALIDATE: Plan = { action: 'reuse', stale: true, revalidateInBackground: true };
const VALIDATE_STALE: Plan = { action: 'validate', fwd: 'stale' };
const VALIDATE_ASKED: Plan = { action: 'validate', fwd: 'request' };
const UNSATISFIED: Plan = { action: 'unsatisfied' };

describe('a request without directives', () => {
  test.each<[string, Plan, Candidate, number]>([
    ['a fresh response is reused (RFC 9111 §4.2)', REUSE, stored('max-age=60'), 59.999],
    ['at its lifetime it is stale', VALIDATE_STALE, stored('max-age=60'), 60],
    ['no-cache is validated, fresh or not (§5.2.2.4)', VALIDATE_STALE, stored('max-age=60, no-cache'), 0],
    [
      'stale it is reused within its window (RFC 5861 §3)',
      REUSE_AND_REVALIDATE,
      stored('max-age=60, stale-while-revalidate=9'),
      68.999,
    ],
    [
      'at the end of its window it is not',
      VALIDATE_STALE,
      stored('max-age=60, stale-while-revalidate=9'),
      69,
    ],
    [
      'nor where it must be validated',
      VALIDATE_STALE,
      stored('max-age=60, must-revalidate, stale-while-revalidate=9'),
      60,
    ],
    [
      'without a validator it is fetched anew',
      { action: 'forward', fwd: 'stale', mayStore: true },
      stored('max-age=60', NO_VALIDATOR),
      60,
    ],
  ])('%s', (_name, plan, candidate, seconds) => {
    expect(decide(requestWith(), candidate, later(seconds))).toEqual(plan);
  });

  test('what is not stored is forwarded, and says what was missed (RFC 9211 §2.2)', () => {
    expect(decide(requestWith(), null, 0)).toEqual({ action: 'forward', fwd: 'uri-miss', mayStore: true });
    expect(decide(requestWith(), 'vary-miss', 0)).toEqual({
      action: 'forward',
      fwd: 'vary-miss',
      mayStore: true,
    });
  });
});

describe("a request's directives (RFC 9111 §5.2.1)", () => {
  test.each<[string, Plan, string, number]>([
    ['no-cache', VALIDATE_ASKED, 'max-age=60', 1],
    ['no-cache', VALIDATE_STALE, 'max-age=60', 61],
    ['max-age=5', REUSE, 'max-age=60', 5],
    ['max-age=5', VALIDATE_ASKED, 'max-age=60', 5.001],
    ['max-age=0', VALIDATE_ASKED, 'max-age=60', 0.001],
    ['max-age=nonsense', VALIDATE_ASKED, 'max-age=60', 1],
    ['max-age=0', REUSE, 'max-age=60, immutable', 30],
    ['max-age=0', VALIDATE_STALE, 'max-age=60, immutable', 60],
    ['no-cache', VALIDATE_ASKED, 'max-age=60, immutable', 30],
    ['max-age=600', VALIDATE_STALE, 'max-age=60, stale-while-revalidate=9', 61],
    ['max-age=600, max-stale=5', REUSE_STALE, 'max-age=60', 65],
    ['min-fresh=10', REUSE, 'max-age=60', 50],
    ['min-fresh=10', VALIDATE_ASKED, 'max-age=60', 50.001],
    ['min-fresh=0', VALIDATE_STALE, 'max-age=60, stale-while-revalidate=9', 61],
    ['max-stale=5', REUSE_STALE, 'max-age=60', 65],
    ['max-stale=5', VALIDATE_STALE, 'max-age=60', 65.001],
    ['max-stale=5', REUSE_AND_REVALIDATE, 'max-age=60, stale-while-revalidate=9', 65],
    ['max-stale=5', VALIDATE_STALE, 'max-age=60, stale-while-revalidate=9', 65.001],
    ['max-stale', REUSE_AND_REVALIDATE, 'max-age=60, stale-while-revalidate=9', 68],
    ['max-stale', REUSE_STALE, 'max-age=60', 1e9],
    ['max-stale=nonsense', VALIDATE_STALE, 'max-age=60', 61],
    ['max-stale', VALIDATE_STALE, 'max-age=60, must-revalidate', 61],
    ['max-stale', VALIDATE_STALE, 'max-age=60, proxy-revalidate', 61],
    ['max-stale', VALIDATE_STALE, 's-maxage=60', 61],
    ['max-stale', VALIDATE_STALE, 'max-age=60, no-cache', 1],
    ['only-if-cached', REUSE, 'max-age=60', 1],
    ['only-if-cached', UNSATISFIED, 'max-age=60', 61],
    ['only-if-cached, no-cache', UNSATISFIED, 'max-age=60', 1],
    ['only-if-cached, max-stale', REUSE_STALE, 'max-age=60', 61],
    ['no-store', REUSE, 'max-age=60', 1],
    ['no-store', { action: 'forward', fwd: 'stale', mayStore: false }, 'max-age=60', 61],
    ['no-transform, unknown=1', REUSE, 'max-age=60', 1],
    ['unknown', REUSE_AND_REVALIDATE, 'max-age=60, stale-while-revalidate=9', 61],
  ])('%s → %j with %s after %d s', (directives, plan, cacheControl, seconds) => {
    expect(decide(asking(directives), stored(cacheControl), later(seconds))).toEqual(plan);
  });

  test('nothing is stored of a no-store request that missed', () => {
    expect(decide(asking('no-store'), null, 0)).toEqual({
      action: 'forward',
      fwd: 'uri-miss',
      mayStore: false,
    });
  });

  test('only-if-cached is satisfied by stored responses alone', () => {
    expect(decide(asking('only-if-cached'), null, 0)).toEqual(UNSATISFIED);
    expect(decide(requestWith({ 'cache-control': 'only-if-cached', range: 'bytes=0-1' }), null, 0)).toEqual(
      UNSATISFIED,
    );
  });

  test('Pragma counts where there is no Cache-Control (§5.4)', () => {
    const fresh = stored('max-age=60');
    expect(decide(requestWith({ pragma: 'no-cache' }), fresh, later(1))).toEqual(VALIDATE_ASKED);
    expect(decide(requestWith({ pragma: 'no-cache', 'cache-control': '' }), fresh, later(1))).toEqual(REUSE);
    expect(decide(requestWith({ pragma: 'x' }), fresh, later(1))).toEqual(REUSE);
  });
});

describe('methods and ranges', () => {
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'QUERY', 'get'])('%s is forwarded', (method) => {
    const plan = decide(requestWith({}, method), stored('max-age=60'), later(1));
    expect(plan).toEqual({ action: 'forward', fwd: 'method', mayStore: false });
  });

  test('HEAD is answered by what a GET has stored, and stores nothing itself', () => {
    const head = requestWith({}, 'HEAD');
    expect(decide(head, stored('max-age=60'), later(1))).toEqual(REUSE);
    expect(decide(head, stored('max-age=60'), later(61))).toEqual(VALIDATE_STALE);
    expect(decide(head, null, 0)).toEqual({ action: 'forward', fwd: 'uri-miss', mayStore: false });
  });

  test('a range is answered from a fresh whole, and what it brings may be stored (§3.3)', () => {
    const asked = requestWith({ range: 'bytes=0-1' });
    expect(decide(asked, stored('max-age=60'), later(1))).toEqual(REUSE);
    expect(decide(asked, stored('max-age=60'), later(61))).toEqual(VALIDATE_STALE);
    expect(decide(asked, null, 0)).toEqual({ action: 'forward', fwd: 'uri-miss', mayStore: true });
  });
});

describe('a method with its content in the key (RFC 9110 §9.3.3)', () => {
  const keyed = (fields: Record<string, string> = {}) => ({
    ...requestWith(fields, 'POST'),
    contentKeyed: true,
  });

  test('is answered by what is stored, and stores', () => {
    expect(decide(keyed(), stored('max-age=60'), later(1))).toEqual(REUSE);
    expect(decide(keyed(), null, 0)).toEqual({ action: 'forward', fwd: 'uri-miss', mayStore: true });
    expect(decide(keyed({ 'cache-control': 'only-if-cached' }), null, 0)).toEqual(UNSATISFIED);
  });

  test('is never validated: a condition would be a precondition (§13.2.1)', () => {
    const stale: Plan = { action: 'forward', fwd: 'stale', mayStore: true };
    expect(decide(keyed(), stored('max-age=60'), later(61))).toEqual(stale);
    const asked: Plan = { action: 'forward', fwd: 'request', mayStore: true };
    expect(decide(keyed({ 'cache-control': 'no-cache' }), stored('max-age=60'), later(1))).toEqual(asked);
  });
});

describe('a stored part (RFC 9111 §3.3, §3.4)', () => {
  const COMPLETE: Plan = { action: 'complete', fwd: 'partial' };
  const FETCH: Plan = { action: 'forward', fwd: 'partial', mayStore: true };
  const BYPASS: Plan = { action: 'forward', fwd: 'partial', mayStore: false };

  function storedPart(contentRange: string, fields: Record<string, string> = { ETag: '"1"' }): Candidate {
    const all = { 'Cache-Control': 'max-age=60', 'Content-Range': contentRange, ...fields };
    const response = responseWith(all, { status: 206 });
    return { assessment: assessResponse(requestWith(), response, PLAIN_POLICY), response };
  }
  const BEGINNING = 'bytes 0-9/26';

  test.each<[string, Plan, Record<string, string>, Candidate]>([
    ['it answers what it holds', REUSE, { range: 'bytes=2-5' }, storedPart(BEGINNING)],
    ['not what it does not hold', FETCH, { range: 'bytes=2-10' }, storedPart(BEGINNING)],
    ['nor several ranges', FETCH, { range: 'bytes=1-2,5-6' }, storedPart(BEGINNING)],
    ['nor a range that does not count', FETCH, { range: 'lines=1-2' }, storedPart(BEGINNING)],
    [
      'nor one of another representation',
      FETCH,
      { range: 'bytes=2-5', 'if-range': '"2"' },
      storedPart(BEGINNING),
    ],
    ['nor the whole, for which the rest is fetched', COMPLETE, {}, storedPart(BEGINNING)],
    ['nor the whole, where its beginning is missing', COMPLETE, {}, storedPart('bytes 9-25/26')],
    ['and all is fetched where both ends are missing', FETCH, {}, storedPart('bytes 5-9/26')],
    ['and where the client reloads', FETCH, { 'cache-control': 'no-cache' }, storedPart(BEGINNING)],
    [
      'and nothing of it is stored where the client says so',
      BYPASS,
      { 'cache-control': 'no-store' },
      storedPart(BEGINNING),
    ],
    [
      'it does not satisfy only-if-cached',
      UNSATISFIED,
      { 'cache-control': 'only-if-cached' },
      storedPart(BEGINNING),
    ],
    [
      'but what it holds does',
      REUSE,
      { range: 'bytes=2-5', 'cache-control': 'only-if-cached' },
      storedPart(BEGINNING),
    ],
  ])('%s', (_name, plan, fields, candidate) => {
    expect(decide(requestWith(fields), candidate, later(1))).toEqual(plan);
  });

  test('that is stale is validated for what it holds, and completed for the whole', () => {
    const stale = storedPart(BEGINNING);
    expect(decide(requestWith({ range: 'bytes=2-5' }), stale, later(61))).toEqual(VALIDATE_STALE);
    expect(decide(requestWith(), stale, later(61))).toEqual(COMPLETE);
  });

  test('does not answer HEAD, which has no ranges (RFC 9110 §14.2)', () => {
    expect(decide(requestWith({ range: 'bytes=2-5' }, 'HEAD'), storedPart(BEGINNING), later(1))).toEqual(
      BYPASS,
    );
  });
});

describe('a guessed lifetime (RFC 9111 §4.2.2)', () => {
  const fields = { 'Last-Modified': 'Sat, 01 Jan 2022 00:00:00 GMT' };
  const guessed = (mode: 'safe' | 'rfc'): Candidate => {
    const response = responseWith(fields);
    return { assessment: assessResponse(requestWith(), response, { ...PLAIN_POLICY, mode }), response };
  };

  test('counts for nobody who sends cookies, but in rfc mode', () => {
    const asked = requestWith({ cookie: 'a=1' });
    expect(decide(requestWith(), guessed('safe'), later(1))).toEqual(REUSE);
    expect(decide(asked, guessed('safe'), later(1))).toEqual(VALIDATE_STALE);
    expect(decide(asked, guessed('rfc'), later(1))).toEqual(REUSE);
  });
});

describe('stale in the place of an error (RFC 5861 §4)', () => {
  test.each<[boolean, string, number, string]>([
    [true, 'max-age=60, stale-if-error=9', 68.999, ''],
    [false, 'max-age=60, stale-if-error=9', 69, ''],
    [false, 'max-age=60', 60, ''],
    [true, 'max-age=60', 65, 'stale-if-error=9'],
    [false, 'max-age=60', 69, 'stale-if-error=9'],
    [false, 'max-age=60, must-revalidate, stale-if-error=9', 61, ''],
    [false, 'max-age=60, must-revalidate', 61, 'stale-if-error=9'],
    [false, 's-maxage=60, stale-if-error=9', 61, ''],
    [false, 'max-age=60, proxy-revalidate, stale-if-error=9', 61, ''],
    [false, 'max-age=60, no-cache, stale-if-error=9', 1, 'stale-if-error=9'],
    [false, 'max-age=60, stale-if-error=9', 61, 'no-cache'],
    // The client wanted a younger one, and there is none; fresh it still is.
    [true, 'max-age=60', 30, 'max-age=0'],
  ])('%s: %s after %d s, asked with %j', (expected, cacheControl, seconds, directives) => {
    expect(mayServeStaleOnError(asking(directives), stored(cacheControl), later(seconds))).toBe(expected);
  });
});

describe('stale where the origin gives no answer (RFC 9111 §4.2.4)', () => {
  test.each<[boolean, string, number, string]>([
    [true, 'max-age=60', 89.999, ''],
    [false, 'max-age=60', 90, ''],
    [true, 'max-age=60', 30, ''],
    [false, 'max-age=60, must-revalidate', 61, ''],
    [false, 'max-age=60, proxy-revalidate', 61, ''],
    [false, 's-maxage=60', 61, ''],
    [false, 'max-age=60, no-cache', 1, ''],
    // What the client wants is none that is stale, or old (§5.2.1).
    [false, 'max-age=60', 61, 'no-cache'],
    [false, 'max-age=60', 61, 'max-age=3600'],
    [false, 'max-age=60', 61, 'min-fresh=1'],
    [false, 'max-age=60', 30, 'max-age=0'],
    [true, 'max-age=60', 61, 'max-stale=1'],
    [true, 'max-age=60', 61, 'no-transform'],
  ])('%s: %s after %d s, asked with %j', (expected, cacheControl, seconds, directives) => {
    const policy = { ...PLAIN_POLICY, staleIfDisconnectedSeconds: 30 };
    const response = responseWith({ 'Cache-Control': cacheControl });
    const candidate = { assessment: assessResponse(requestWith(), response, policy), response };
    expect(mayServeStaleDisconnected(asking(directives), candidate, later(seconds))).toBe(expected);
  });

  test('not where the policy gives no time', () => {
    expect(mayServeStaleDisconnected(requestWith(), stored('max-age=60'), later(61))).toBe(false);
  });

  test('not for Pragma: no-cache (§5.4)', () => {
    const candidate = stored('max-age=60');
    expect(mayServeStaleDisconnected(requestWith({ pragma: 'no-cache' }), candidate, later(1))).toBe(false);
  });
});

const someSeconds = fc.integer({ min: 0, max: 100 });
const requestDirectives = fc
  .subarray([
    'no-cache',
    'no-store',
    'max-age=9',
    'min-fresh=9',
    'max-stale',
    'max-stale=9',
    'only-if-cached',
  ])
  .map((names) => names.join(', '));
const responseDirectives = fc
  .tuple(
    someSeconds,
    fc.subarray(['no-cache', 'must-revalidate', 'stale-while-revalidate=9', 'immutable', 's-maxage=20']),
  )
  .map(([age, names]) => [`max-age=${age}`, ...names].join(', '));

test('whatever is asked, no response is reused that may not be (RFC 9111 §4)', () => {
  fc.assert(
    fc.property(responseDirectives, requestDirectives, someSeconds, (cacheControl, directives, seconds) => {
      const plan = decide(asking(directives), stored(cacheControl), later(seconds));
      if (plan.action !== 'reuse') return;
      const lifetime = Number(
        /s-maxage=(\d+)/.exec(cacheControl)?.[1] ?? /max-age=(\d+)/.exec(cacheControl)![1],
      );
      expect(cacheControl).not.toContain('no-cache');
      expect(directives).not.toContain('no-cache');
      expect(plan.stale).toBe(seconds >= lifetime);
      if (!plan.stale) return;
      expect(cacheControl).not.toMatch(/must-revalidate|s-maxage/);
      expect(`${cacheControl} ${directives}`).toMatch(/stale-while-revalidate|max-stale/);
    }),
    { numRuns: 1000 },
  );
});
