import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CacheStatus, formatCacheStatus } from './cache-status.ts';

test.each<[string, CacheStatus]>([
  ['gate; hit', { hit: true }],
  ['gate; hit; ttl=376', { hit: true, ttl: 376 }],
  ['gate; hit; ttl=-412', { hit: true, ttl: -412 }],
  ['gate; hit; ttl=3', { hit: true, ttl: 3.9 }],
  ['gate; fwd=uri-miss', { hit: false, fwd: 'uri-miss' }],
  ['gate; fwd=stale; fwd-status=304; stored', { hit: false, fwd: 'stale', fwdStatus: 304, stored: true }],
  ['gate; fwd=miss; collapsed', { hit: false, fwd: 'miss', stored: false, collapsed: true }],
  ['gate; fwd=miss; detail=only-if-cached', { hit: false, fwd: 'miss', detail: 'only-if-cached' }],
  ['gate; hit; detail="two words"', { hit: true, detail: 'two words' }],
  ['gate; hit; key="GET a /b?c=\\"d\\\\\\""', { hit: true, key: 'GET a /b?c="d\\"' }],
  ['gate; hit; key="/caf?"', { hit: true, key: '/café' }],
])('%s (RFC 9211 §2)', (expected, status) => {
  expect(formatCacheStatus('gate', status)).toBe(expected);
});

test('a name that is no token is a string', () => {
  expect(formatCacheStatus('my gate', { hit: true })).toBe('"my gate"; hit');
  expect(formatCacheStatus('', { hit: true })).toBe('""; hit');
});

test('whatever a key holds, it stays within its quotes and in one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (key) => {
      expect(formatCacheStatus('gate', { hit: true, key })).toMatch(
        /^gate; hit; key="(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/,
      );
    }),
  );
});
