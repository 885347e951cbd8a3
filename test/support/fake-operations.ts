import type { Operations } from '../../src/admin/operations.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import type { Stats } from '../../src/statistics/stats.ts';
import type { WarmReport } from '../../src/warm/warm-job.ts';

const COUNTS = { hit_rate: 0.667, total_hits: 10, total_misses: 5 };

export const STATS: Stats = {
  ...{ enabled: true, storage_type: 'redis', statistics_storage: 'memory', redis_url: 'redis://cache:6379' },
  ...{ ...COUNTS, total_requests: 15, total_entries: 5, cache_size_bytes: 512, cache_size_mb: 0 },
  ...{ average_ttl_remaining: 60, average_ttl_remaining_hours: 0, per_service: { api: COUNTS } },
  sample: {
    size: 5,
    average_ttl_remaining: { value: 60, low: 50, high: 70 },
    cache_size_bytes: { value: 512, low: 512, high: 512 },
  },
};

export const EXPLANATION: Explanation = {
  ...{ url: '/api/a', method: 'GET', service: 'api', target: '/a', cache_key: 'GET api /a' },
  ...{ store_key: 'response:{x}', stored: true, variants: [{ fields: ['accept'], stored: true }] },
  response: {
    ...{
      status: 200,
      bytes: 4,
      range: null,
      received_at: '2026-01-01T12:00:00.000Z',
      tags: ['a'],
      etag: '"a"',
    },
    ...{ last_modified: null, expires_in: 60 },
    freshness: {
      ...{ lifetime: 60, current_age: 1, remaining: 59 },
      ...{ stale_while_revalidate: 0, stale_if_error: 0, stale_if_disconnected: 0, heuristic: false },
      ...{ no_cache: false, must_revalidate: false, stale_since: null },
    },
  },
  next: {
    ...{ action: 'reuse', cache_status: { hit: true } as never, status: 200 },
    stale_on: { error: false, silence: false },
    because: ['It is <b>fresh</b>.'],
  },
};

export function warmReport(changes: Partial<WarmReport> = {}): WarmReport {
  return {
    ...{ id: 'job-1', state: 'running', warmed_count: 1, failed_count: 0, total_requested: 3, duplicates: 0 },
    ...{ rate_per_second: 1, seconds_left: 2, created_at: '2026-01-01T12:00:00.000Z', ended_at: null },
    failures: [],
    ...changes,
  };
}

export interface FakeOperations extends Operations {
  /** What was asked for: the operation's name and what it was given. */
  readonly asked: [string, unknown][];
}

/** Operations that answer with the samples above, but for what is given. */
export function fakeOperations(given: Partial<Operations> = {}): FakeOperations {
  const asked: [string, unknown][] = [];
  const note = <T>(name: string, value: unknown, answer: T): T => {
    asked.push([name, value]);
    return answer;
  };
  const found = (id: string, changes: Partial<WarmReport> = {}) =>
    id === 'job-1' ? warmReport(changes) : null;
  return {
    asked,
    stats: async () => STATS,
    explain: async (request) => note('explain', request, EXPLANATION),
    purge: async (request) => note('purge', request, { purged: 3 }),
    warm: {
      start: async (request) => note('start', request, warmReport()),
      report: async (id) => note('report', id, found(id)),
      list: async () => [warmReport()],
      cancel: async (id) => note('cancel', id, found(id, { state: 'cancelled' })),
    },
    services: () => [
      {
        ...{ name: 'api', path: '/api', origin: 'http://127.0.0.1:1', methods: 'all', session: null },
        ...{ cache: 'on', rate_limit: { address: '20 in 60 s' }, origin_limit: null },
      },
    ],
    config: () => ({ listen: '127.0.0.1:8080', hash_key: '[redacted]' }),
    testCache: async () => ({
      ...{ status: 'ok', store: 'memory', key: 'k', ttl_seconds: 10, written: 'a', read: 'a' },
    }),
    ...given,
  };
}
