import { Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createJoinedMetrics } from './joined-metrics.ts';
import { createTalliedCounter } from './tallied-counter.ts';
import { createTalliedHistogram } from './tallied-histogram.ts';

/** A worker that counts. */
function worker(requests: number, size = 1) {
  const registry = new Registry();
  const tally = createTalliedCounter(registry, { name: 'asked_total', help: 'h', labelNames: ['service'] });
  tally({ service: 'a' }).count = requests;
  const took = createTalliedHistogram(registry, {
    name: 'took_seconds',
    help: 'h',
    labelNames: ['service'],
    buckets: [0.001, 0.01],
  })({ service: 'a' });
  for (let i = 0; i < requests; i++) took.observeMs(5);
  const registers = [registry];
  new Gauge({ name: 'shared_bytes', help: 'h', registers, aggregator: 'max' }).set(size);
  new Gauge({ name: 'own_bytes', help: 'h', registers, aggregator: 'sum' }).set(size);
  new Counter({ name: 'plain_total', help: 'h', registers }).inc(requests);
  return { metrics: () => registry.getMetricsAsJSON() };
}

const sampleOf = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1),
  );

describe('createJoinedMetrics', () => {
  it('adds counts, and joins gauges as each says', async () => {
    const joined = createJoinedMetrics<object>();
    joined.told({}, await worker(3, 10).metrics());
    joined.told({}, await worker(4, 20).metrics());
    const { text, contentType } = await joined.text();
    expect(contentType).toContain('text/plain');
    expect(sampleOf(text, 'asked_total{service="a"}')).toBe(7);
    expect(sampleOf(text, 'took_seconds_bucket{le="0.01",service="a"}')).toBe(7);
    expect(sampleOf(text, 'took_seconds_count{service="a"}')).toBe(7);
    expect(sampleOf(text, 'shared_bytes')).toBe(20);
    expect(sampleOf(text, 'own_bytes')).toBe(30);
  });

  it('keeps what a worker has counted when it is gone, so that no sum falls', async () => {
    const joined = createJoinedMetrics<object>();
    const [first, second] = [{}, {}];
    joined.told(first, await worker(100).metrics());
    joined.told(second, await worker(10).metrics());
    joined.ended(first);
    let { text } = await joined.text();
    expect(sampleOf(text, 'asked_total{service="a"}')).toBe(110);
    expect(sampleOf(text, 'took_seconds_sum{service="a"}')).toBeCloseTo(0.55);
    expect(sampleOf(text, 'plain_total')).toBe(110);
    expect(sampleOf(text, 'own_bytes')).toBe(1);
    // Its successor begins anew, and its last words come too late.
    joined.told({}, await worker(1).metrics());
    joined.told(first, await worker(100).metrics());
    joined.ended(second);
    ({ text } = await joined.text());
    expect(sampleOf(text, 'asked_total{service="a"}')).toBe(111);
  });

  it('has the last word of one that is late', async () => {
    const joined = createJoinedMetrics<object>();
    const late = {};
    joined.told(late, await worker(5).metrics());
    await joined.text();
    joined.told({}, await worker(1).metrics());
    expect(sampleOf((await joined.text()).text, 'plain_total')).toBe(6);
  });
});
