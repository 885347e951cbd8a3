import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheStatus, formatCacheStatus } from '../http/cache-status.ts';
import { cacheOutcomeOf } from './cache-outcome.ts';

const saying = (value: string) => ({ headers: { 'cache-status': value } });

const TEXT = fc.stringMatching(/^[\x20-\x7e]{0,20}$/);
const ttl = fc.integer({ min: -1_000_000, max: 1_000_000 });
const common = { ttl, key: TEXT, detail: fc.stringMatching(/^[\x20-\x7e]{1,20}$/) };
const REASONS = [
  ...(['bypass', 'method', 'uri-miss', 'vary-miss', 'miss', 'request', 'stale', 'partial'] as const),
];
const status: fc.Arbitrary<CacheStatus> = fc.oneof(
  fc.record({ hit: fc.constant(true as const), ...common }, { requiredKeys: ['hit'] }),
  fc.record(
    {
      hit: fc.constant(false as const),
      fwd: fc.constantFrom(...REASONS),
      fwdStatus: fc.integer({ min: 100, max: 599 }),
      stored: fc.constant(true as const),
      collapsed: fc.constant(true as const),
      ...common,
    },
    { requiredKeys: ['hit'] },
  ),
) as fc.Arbitrary<CacheStatus>;

describe('the outcome that a response tells', () => {
  it('is what was written', () => {
    fc.assert(
      fc.property(status, (outcome) => {
        expect(cacheOutcomeOf(saying(formatCacheStatus('cachegate', outcome)))).toEqual(outcome);
      }),
    );
  });

  it('is that of the nearest cachegate, whatever other caches say', () => {
    const chain = 'edge; hit, cachegate; hit; ttl=9, cachegate; fwd=uri-miss; stored, other; fwd=stale';
    expect(cacheOutcomeOf(saying(chain))).toEqual({ hit: false, fwd: 'uri-miss', stored: true });
    expect(cacheOutcomeOf({ headers: new Headers({ 'Cache-Status': 'cachegate; hit' }) })).toEqual({
      hit: true,
    });
    expect(cacheOutcomeOf({ headers: { 'cache-status': ['edge; hit', '"cachegate"; hit; ttl=1'] } })).toEqual(
      {
        hit: true,
        ttl: 1,
      },
    );
  });

  it.each(['', 'edge; hit', '(cachegate); hit', 'cachegate; =', 'cachegate, ;', 'é'])(
    'is none where none is told: %j',
    (value) => {
      expect(cacheOutcomeOf(saying(value))).toBeNull();
    },
  );

  it('is none without the field, and has no reason that is none', () => {
    expect(cacheOutcomeOf(new Response())).toBeNull();
    expect(cacheOutcomeOf({ headers: {} })).toBeNull();
    expect(cacheOutcomeOf(saying('cachegate; fwd=other; stored=?0; ttl="1"'))).toEqual({ hit: false });
  });
});
