import { describe, expect, it } from 'vitest';
import type { Stats } from '../statistics/stats.ts';
import { parseExposition } from './exposition.ts';
import { createFormat } from './format.ts';
import { frameOf } from './top-frame.ts';
import { topLines } from './top-lines.ts';
import type { TopSample } from './top-sample.ts';

const ready = { status: 'ready', store: { type: 'redis', state: 'available' } };
const format = createFormat('en-US', 'UTC');

function statsOf(perService: Record<string, readonly [hits: number, misses: number]>): Stats {
  const entries = Object.entries(perService).map(([name, [hits, misses]]) => {
    return [name, { hit_rate: 0, total_hits: hits, total_misses: misses }] as const;
  });
  return {
    ...{ enabled: true, storage_type: 'redis', statistics_storage: 'memory', redis_url: null },
    ...{ hit_rate: 0.75, total_hits: 6, total_misses: 2, total_requests: 8, total_entries: 1_234 },
    ...{ cache_size_bytes: 5_000_000, cache_size_mb: 4.8 },
    ...{ average_ttl_remaining: 40_000, average_ttl_remaining_hours: 11.1 },
    ...{ per_service: Object.fromEntries(entries), sample: null },
  };
}

function sample(atMs: number, metrics: string | null, stats: TopSample['stats'] = statsOf({})): TopSample {
  return { atMs, ready, stats, metrics: metrics === null ? null : parseExposition(metrics) };
}

const service = (name: string, hits: number, misses: number, bypassed = 0) => `
cachegate_requests_total{service="${name}",outcome="hit"} ${hits}
cachegate_requests_total{service="${name}",outcome="stale"} ${misses}
cachegate_requests_total{service="${name}",outcome="bypass"} ${bypassed}
cachegate_origin_answers_total{service="${name}",status="2xx"} ${misses}
cachegate_origin_answers_total{service="${name}",status="none"} ${bypassed}
cachegate_lookup_duration_seconds_bucket{service="${name}",le="0.001"} ${hits}
cachegate_lookup_duration_seconds_bucket{service="${name}",le="0.01"} ${hits + misses}
cachegate_lookup_duration_seconds_bucket{service="${name}",le="+Inf"} ${hits + misses}
`;

describe('a frame', () => {
  it('has what was between two samples, the busiest service first', () => {
    const older = sample(10_000, `${service('a', 100, 100)}${service('b', 0, 0)}`);
    const newer = sample(
      12_000,
      `${service('a', 102, 100)}${service('b', 30, 10, 4)}cachegate_store_errors_total{operation="get",reason="timeout"} 3\n`,
    );
    const frame = frameOf(older, newer);
    expect(frame).toMatchObject({
      ...{ ready: true, metrics: true, window_seconds: 2, requests_per_second: 23, hit_rate: 0.762 },
      ...{ overall_hit_rate: 0.75, total_entries: 1_234, store_errors_per_second: 1.5 },
      ...{ sessions: null, workers: null },
    });
    expect(frame.services).toEqual([
      {
        ...{ name: 'b', requests_per_second: 22, hit_rate: 0.75, origin_per_second: 7, origin: null },
        lookup: { p50: expect.closeTo(0.000_667, 6), p95: expect.closeTo(0.0082, 6) },
      },
      {
        ...{ name: 'a', requests_per_second: 1, hit_rate: 1, origin_per_second: 0, origin: null },
        lookup: { p50: 0.0005, p95: 0.000_95 },
      },
    ]);
  });

  it('has no rates of one sample', () => {
    const first = sample(10_000, service('a', 100, 100));
    expect(frameOf(first, first)).toMatchObject({
      ...{ window_seconds: 0, requests_per_second: null, hit_rate: null },
      services: [{ name: 'a', requests_per_second: null, hit_rate: null, lookup: null }],
    });
  });

  it('counts by the statistics where there are no metrics', () => {
    const frame = frameOf(
      sample(0, null, statsOf({ a: [1, 1] })),
      sample(1_000, null, statsOf({ a: [4, 2] })),
    );
    expect(frame).toMatchObject({ metrics: false, requests_per_second: 4, hit_rate: 0.75 });
    expect(frame.services[0]).toMatchObject({ name: 'a', requests_per_second: 4, lookup: null });
    const off = frameOf(sample(0, null, { enabled: false }), sample(1_000, null, { enabled: false }));
    expect(off).toMatchObject({ overall_hit_rate: null, total_entries: null, services: [] });
    expect(off.requests_per_second).toBeNull();
    const shown = topLines(off, 'a', null, { columns: 100, rows: 20 }, format).join('\n');
    expect(shown).toContain('requests -  hit rate -');
    expect(shown).toContain('\nnothing is counted there (statistics_enabled: false)\n');
  });
});

describe('the lines of a frame', () => {
  const many = Array.from({ length: 40 }, (_, index) => service(`service-${index}`, 1_000 + index, 10)).join(
    '',
  );
  const frame = frameOf(sample(0, ''), sample(1_000, many));
  const lines = (columns: number, rows: number, trouble: string | null = null) =>
    topLines(frame, 'http://127.0.0.1:9180', trouble, { columns, rows }, format);

  it.each([
    [80, 23],
    [40, 10],
    [200, 60],
    [10, 3],
    [1, 1],
  ])('fit into %i by %i', (columns, rows) => {
    const shown = lines(columns, rows);
    expect(shown.length).toBeLessThanOrEqual(rows);
    for (const line of shown) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('say how many services have no room', () => {
    const shown = lines(80, 23);
    expect(shown).toHaveLength(23);
    expect(shown[0]).toBe('cachegate at http://127.0.0.1:9180: ready  12:00:01 AM');
    expect(shown[5]).toMatch(/^SERVICE +REQ\/S +HIT RATE/);
    expect(shown[6]).toMatch(/^service-39 +1,049\/s +99% +/);
    expect(shown.slice(-3)).toEqual(['and 26 more', '', 'q or Ctrl-C ends']);
    expect(lines(80, 60).join('\n')).not.toContain('more');
  });

  it('show trouble, degraded sessions and a store that is away', () => {
    const away = { ...frame, store: { type: 'redis', state: 'away' }, store_errors_per_second: 2 };
    const bad = { ...away, metrics: false, sessions: { mode: 'store', degraded: true, kept: 3 } };
    const shown = topLines(bad, 'a\u001b[2J', 'no answer', { columns: 100, rows: 60 }, format).join('\n');
    expect(shown).toContain('cachegate at a\\u001b[2J: ready');
    expect(shown).toContain('store: redis, AWAY, errors 2/s  sessions: DEGRADED');
    expect(shown).toContain('no /metrics there');
    expect(shown).toContain('\nno answer\n');
  });
});
