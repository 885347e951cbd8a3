import { Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createTalliedHistogram } from './tallied-histogram.ts';

const OPTIONS = { name: 'took_seconds', help: 'How long.', labelNames: ['service'] as const };
const BUCKETS = [0.001, 0.01, 0.1];
const DURATIONS_MS = [0, 0.5, 1, 1.000_1, 10, 99, 100, 101, 60_000];

it('tells what a histogram of prom-client would', async () => {
  const [own, theirs] = [new Registry(), new Registry()];
  const observed = createTalliedHistogram(own, { ...OPTIONS, buckets: BUCKETS })({ service: 'a "b"' });
  const expected = new Histogram({
    ...OPTIONS,
    labelNames: [...OPTIONS.labelNames],
    buckets: BUCKETS,
    registers: [theirs],
  });
  expected.zero({ service: 'a "b"' });
  expect(await own.metrics()).toBe(await theirs.metrics());
  for (const durationMs of DURATIONS_MS) {
    observed.observeMs(durationMs);
    expected.observe({ service: 'a "b"' }, durationMs / 1000);
  }
  const [found, wanted] = [await own.metrics(), await theirs.metrics()];
  const withoutSum = (text: string) => text.split('\n').filter((line) => !line.includes('_sum'));
  expect(withoutSum(found)).toEqual(withoutSum(wanted));
  expect(found).toMatch(/took_seconds_sum\{service="a \\"b\\""\} 60\.31/);
  observed.observeMs(-5_000);
  expect(await own.metrics(), 'a clock that was set back').toContain(
    `took_seconds_sum{service="a \\"b\\""} 60.31`,
  );
  own.resetMetrics();
  expect(await own.metrics()).toContain('took_seconds_count{service="a \\"b\\""} 0');
});
