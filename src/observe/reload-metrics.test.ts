import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { createJoinedMetrics } from './joined-metrics.ts';
import { createReloadMetrics } from './reload-metrics.ts';

const SUCCESSFUL = 'cachegate_config_last_reload_successful';
const SUCCESSFUL_AT = 'cachegate_config_last_reload_success_timestamp_seconds';

function process(startAt?: number) {
  const registry = new Registry();
  const clock = createManualClock(startAt);
  return { registry, clock, metrics: createReloadMetrics(registry, clock) };
}

const samplesOf = (text: string) => text.split('\n').filter((line) => line !== '' && line[0] !== '#');

it('tells how the last reload ended, and when the configuration in force was taken on', async () => {
  const { registry, clock, metrics } = process(1_700_000_000_500);
  const told = async () => samplesOf(await registry.metrics());
  const atTheStart = [`${SUCCESSFUL} 1`, `${SUCCESSFUL_AT} 1700000000.5`];
  expect(await told()).toEqual(atTheStart);
  clock.advance(1_000);
  const refused = new Error('faulty');
  await expect(metrics.watch(Promise.reject(refused))).rejects.toBe(refused);
  expect(await told()).toEqual([`${SUCCESSFUL} 0`, atTheStart[1]]);
  await metrics.watch(Promise.resolve());
  expect(await told()).toEqual([`${SUCCESSFUL} 1`, `${SUCCESSFUL_AT} 1700000001.5`]);
});

it('is of several processes the worst', async () => {
  const [one, other] = [process(1_700_000_009_000), process()];
  await other.metrics.watch(Promise.reject(new Error('faulty'))).catch(() => {});
  const joined = createJoinedMetrics<object>();
  for (const { registry } of [one, other]) joined.told(registry, await registry.getMetricsAsJSON());
  const { text } = await joined.text();
  expect(samplesOf(text)).toEqual([`${SUCCESSFUL} 0`, `${SUCCESSFUL_AT} 1700000000`]);
});
