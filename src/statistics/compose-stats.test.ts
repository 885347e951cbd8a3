import { describe, expect, it } from 'vitest';
import { composeStats, type StatsPlace } from './compose-stats.ts';
import { heldOf } from './held.ts';

const PLACE: StatsPlace = {
  storageType: 'redis',
  statisticsStorage: 'redis',
  shownUrl: 'redis://store.test:6379',
  services: ['b'],
};
const NO_COUNTS = new Map();

describe('the answer', () => {
  it('has the decimals that it is to have', () => {
    const sample = Array.from({ length: 3 }, (_, i) => ({
      expiresInMs: 1_000.4 * (i + 1),
      bytes: 1_000_000,
    }));
    const held = heldOf({ entries: 100, sample, limitBytes: null });
    const stats = composeStats(PLACE, new Map([['a', { hits: 2, misses: 1 }]]), held);
    expect(stats).toMatchObject({
      hit_rate: 0.667,
      total_entries: 100,
      cache_size_bytes: 100_000_000,
      cache_size_mb: 95.4,
      average_ttl_remaining: 2.001,
      average_ttl_remaining_hours: 0,
    });
    expect(stats.sample!.cache_size_bytes).toEqual({ value: 1e8, low: 1e8, high: 1e8 });
    expect(stats.sample!.average_ttl_remaining).toEqual({ value: 2.001, low: 0, high: 4.486 });
  });

  it('has what is configured first, and anything else that was counted, whatever it is called', () => {
    const counts = new Map([
      ['z', { hits: 1, misses: 0 }],
      ['__proto__', { hits: 0, misses: 1 }],
    ]);
    const { per_service } = composeStats(PLACE, counts, null);
    expect(Object.keys(per_service)).toEqual(['b', '__proto__', 'z']);
    expect(per_service.b).toEqual({ hit_rate: 0, total_hits: 0, total_misses: 0 });
  });

  it('tells the address of a server, and of nothing else', () => {
    const urlOf = (place: Partial<StatsPlace>) =>
      composeStats({ ...PLACE, ...place }, NO_COUNTS, null).redis_url;
    expect(urlOf({})).toBe('redis://store.test:6379');
    expect(urlOf({ storageType: 'lmdb', shownUrl: 'lmdb:///var/cache' })).toBeNull();
    expect(urlOf({ storageType: 'memory', shownUrl: 'memory:' })).toBeNull();
    expect(urlOf({ storageType: 'kv-rest', shownUrl: 'kv-rest:' })).toBeNull();
  });

  it('says nothing of what could not be looked at, though there is something', () => {
    const held = heldOf({ entries: 5, sample: [], limitBytes: 1 });
    expect(composeStats(PLACE, NO_COUNTS, held)).toMatchObject({
      total_entries: 5,
      cache_size_bytes: null,
      average_ttl_remaining: null,
      sample: { size: 0, average_ttl_remaining: null, cache_size_bytes: null },
    });
  });
});
