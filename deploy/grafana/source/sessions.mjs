// @ts-check
import { SESSION_HIT_RATIO, SESSION_HIT_STEPS, VALIDATION_STEPS } from './overview.mjs';
import { HERE, onTheRight, quantile, rate, timeseries } from './panel.mjs';

export const sessions = {
  title: 'Sessions',
  panels: [
    timeseries({
      title: 'Session hit rate',
      description:
        'Verdicts on sessions of other systems that were in the cache. Dashed: 50 %, below which there is an alert.',
      ...{ unit: 'percentunit', max: 1, steps: SESSION_HIT_STEPS },
      queries: [[SESSION_HIT_RATIO, 'hit rate']],
    }),
    timeseries({
      title: 'Time of a validation',
      description: 'Validations by an authority. Dashed: 2 s, above which (95 %) there is an alert.',
      ...{ unit: 's', steps: VALIDATION_STEPS },
      queries: [
        [quantile(0.5, 'cachegate_session_validation_duration_seconds'), 'half'],
        [quantile(0.95, 'cachegate_session_validation_duration_seconds'), '95 %'],
      ],
    }),
    timeseries({
      title: 'Validations by verdict',
      description: 'What authorities said; unavailable: they could not be asked.',
      ...{ unit: 'ops', stack: true },
      queries: [[`sum by (verdict) (${rate('cachegate_session_validations_total')})`, '{{verdict}}']],
    }),
    timeseries({
      title: 'Look-ups of cached verdicts',
      description:
        'Of sessions of other systems; error: the store could not be asked, and the authority was.',
      ...{ unit: 'ops', stack: true },
      queries: [[`sum by (result) (${rate('cachegate_session_cache_lookups_total')})`, '{{result}}']],
    }),
    timeseries({
      title: 'Look-ups of own sessions',
      description:
        "Of applications' own sessions; miss: ended, or never there; error: the store could not be asked.",
      ...{ unit: 'ops', stack: true },
      queries: [[`sum by (result) (${rate('cachegate_session_lookups_total')})`, '{{result}}']],
    }),
    timeseries({
      title: 'Degraded, and kept changes',
      description:
        'Instances that judge own sessions by their tokens alone (left), and logouts and writes that wait for the store (right).',
      unit: 'short',
      overrides: [onTheRight('B', 'short')],
      queries: [
        [`sum(cachegate_sessions_degraded{${HERE}})`, 'instances degraded'],
        [`sum(cachegate_sessions_kept{${HERE}})`, 'changes kept'],
      ],
    }),
  ],
};
