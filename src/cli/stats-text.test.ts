import { expect, it } from 'vitest';
import type { Stats } from '../statistics/stats.ts';
import { createFormat } from './format.ts';
import { statsText } from './stats-text.ts';

const format = createFormat('en-US', 'UTC');
const stats: Stats = {
  ...{
    enabled: true,
    storage_type: 'redis',
    statistics_storage: 'redis',
    redis_url: 'redis://127.0.0.1:6379',
  },
  ...{ hit_rate: 0.667, total_hits: 10, total_misses: 5, total_requests: 1_234 },
  ...{ total_entries: 12_345, cache_size_bytes: 12_345_678, cache_size_mb: 11.8 },
  ...{ average_ttl_remaining: 40_000, average_ttl_remaining_hours: 11.1 },
  per_service: {
    jikan: { hit_rate: 0.667, total_hits: 10, total_misses: 5 },
    idle: { hit_rate: 0, total_hits: 0, total_misses: 0 },
  },
  sample: {
    size: 100,
    average_ttl_remaining: { value: 40_000, low: 36_000, high: 43_200 },
    cache_size_bytes: { value: 12_345_678, low: 12_345_678, high: 12_345_678 },
  },
};

it('says them in lines', () => {
  expect(statsText(stats, format).split('\n')).toEqual([
    'Hit rate          66.7%',
    'Requests          1,234 (hits 10, misses 5)',
    'Entries           12,345',
    'Size              11.8 MiB',
    'Average TTL left  11 hr 6 min (95 in 100: 10 hr to 12 hr, from 100 entries)',
    'Stored in         redis redis://127.0.0.1:6379',
    'Counted in        the store, for all servers',
    '',
    'SERVICE  HIT RATE  HITS  MISSES',
    'jikan       66.7%    10       5',
    'idle            -     0       0',
  ]);
});

it('says what is not known, or not there', () => {
  const nothing = {
    total_entries: 0,
    average_ttl_remaining: null,
    sample: null,
    total_hits: 0,
    total_misses: 0,
  };
  const empty = statsText({ ...stats, ...nothing, per_service: {} }, format);
  expect(empty).toContain('Average TTL left  nothing is stored');
  expect(empty).toContain('Hit rate          nothing was asked for yet');
  expect(empty).not.toContain('SERVICE');
  const away = { total_entries: null, cache_size_bytes: null, average_ttl_remaining: null, sample: null };
  expect(statsText({ ...stats, ...away }, format).match(/the store could not be asked/g)).toHaveLength(3);
  expect(statsText({ enabled: false }, format)).toMatch(/^Statistics are off/);
});
