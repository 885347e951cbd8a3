import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createSessionMetrics } from './session-metrics.ts';

it('measures what own sessions tell, and passes it on', async () => {
  const registry = new Registry();
  const told: string[] = [];
  const observer = createSessionMetrics(registry, {
    ownSessionLookedUp: (result) => told.push(result),
    ownSessionFailed: (operation) => told.push(operation),
    sessionsDegraded: (degraded) => told.push(`degraded ${degraded}`),
  });
  const values = async () =>
    Object.fromEntries(
      (await registry.getMetricsAsJSON()).flatMap(({ name, values }) =>
        values.map(({ labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
      ),
    );
  const zero = {
    cachegate_sessions_degraded: 0,
    cachegate_sessions_kept: 0,
    'cachegate_session_lookups_total hit': 0,
    'cachegate_session_lookups_total miss': 0,
    'cachegate_session_lookups_total error': 0,
  };
  expect(await values()).toEqual(zero);
  for (const result of ['hit', 'hit', 'miss', 'error'] as const) observer.ownSessionLookedUp!(result);
  observer.sessionsDegraded!(true, 0);
  observer.sessionChangesKept!(3);
  expect(await values()).toEqual({
    cachegate_sessions_degraded: 1,
    cachegate_sessions_kept: 3,
    'cachegate_session_lookups_total hit': 2,
    'cachegate_session_lookups_total miss': 1,
    'cachegate_session_lookups_total error': 1,
  });
  observer.sessionsDegraded!(false, 3);
  observer.ownSessionFailed!('end', undefined as never);
  expect((await values()).cachegate_sessions_degraded).toBe(0);
  expect(told).toEqual(['hit', 'hit', 'miss', 'error', 'degraded true', 'degraded false', 'end']);
});
