import type { Registry } from 'prom-client';
import type { SessionObserver } from './observer.ts';
import { createTalliedCounter } from './tallied-counter.ts';
import { createTalliedHistogram } from './tallied-histogram.ts';

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Measures the validation of remote systems' sessions, in a registry of prom-client's. */
export function createValidationMetrics(registry: Registry): SessionObserver {
  const lookups = createTalliedCounter(registry, {
    name: 'cachegate_session_cache_lookups_total',
    help: 'Look-ups of cached verdicts on sessions: there, not there, or not to be asked for.',
    labelNames: ['result'],
  });
  const validations = createTalliedCounter(registry, {
    name: 'cachegate_session_validations_total',
    help: 'Sessions that an authority was asked about, by its verdict.',
    labelNames: ['verdict'],
  });
  const durations = createTalliedHistogram(registry, {
    name: 'cachegate_session_validation_duration_seconds',
    help: 'How long authorities took for their verdicts.',
    labelNames: ['verdict'],
    buckets: BUCKETS,
  });
  const hits = lookups({ result: 'hit' });
  const misses = lookups({ result: 'miss' });
  const errors = lookups({ result: 'error' });
  const of = (verdict: string) => ({ tally: validations({ verdict }), observed: durations({ verdict }) });
  const verdicts = { valid: of('valid'), invalid: of('invalid'), unavailable: of('unavailable') };
  return {
    sessionHit() {
      hits.count++;
    },
    sessionMissed() {
      misses.count++;
    },
    sessionCacheFailed(_session, operation) {
      if (operation === 'read') errors.count++;
    },
    sessionValidated(_session, _authority, { verdict }, durationMs) {
      const { tally, observed } = verdicts[verdict];
      tally.count++;
      observed.observeMs(durationMs);
    },
  };
}
