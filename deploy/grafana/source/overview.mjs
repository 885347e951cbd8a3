// @ts-check
import { HERE, OF_SERVICE, rate, stat, textsOf } from './panel.mjs';

/** Requests that the cache was asked for: hits and misses. */
export const LOOKUPS = rate('cachegate_requests_total', `${OF_SERVICE},outcome!~"bypass|method|gate"`);
export const HITS = rate('cachegate_requests_total', `${OF_SERVICE},outcome="hit"`);

/** The aims: hits from 70 to 80 % of look-ups, an average TTL over 12 h. What is below the first step has an alert. */
export const HIT_RATE_STEPS = /** @type {const} */ ([
  ['red', null],
  ['orange', 0.5],
  ['green', 0.7],
  ['dark-green', 0.8],
]);
export const TTL_STEPS = /** @type {const} */ ([
  ['red', null],
  ['orange', 6 * 3600],
  ['green', 12 * 3600],
]);
export const STORE_ERROR_STEPS = /** @type {const} */ ([
  ['green', null],
  ['red', 0.05],
]);
export const SESSION_HIT_STEPS = /** @type {const} */ ([
  ['red', null],
  ['green', 0.5],
]);
export const VALIDATION_STEPS = /** @type {const} */ ([
  ['green', null],
  ['red', 2],
]);
const FILL_STEPS = /** @type {const} */ ([
  ['green', null],
  ['orange', 0.7],
  ['red', 0.8],
]);

export const STORE_ERROR_RATIO = `sum(${rate('cachegate_store_errors_total')}) / (sum(${rate('cachegate_store_operations_total')}) > 0)`;
export const SESSION_HIT_RATIO = `sum(${rate('cachegate_session_cache_lookups_total', `${HERE},result="hit"`)}) / (sum(${rate('cachegate_session_cache_lookups_total', `${HERE},result=~"hit|miss"`)}) > 0)`;

/** 0: available, 1: takes no writes, 2: away; of several workers both: 3. @param {string} by */
export const storeState = (by) =>
  `max by (${by}) (cachegate_store_state{${HERE},state="unwritable"}) + 2 * max by (${by}) (cachegate_store_state{${HERE},state="away"})`;
export const STORE_STATES = textsOf({
  0: ['available', 'green'],
  1: ['no writes', 'orange'],
  2: ['away', 'red'],
  3: ['away', 'red'],
});
export const STORE_STATE_STEPS = /** @type {const} */ ([
  ['green', null],
  ['orange', 1],
  ['red', 2],
]);

export const overview = {
  title: 'At a glance',
  panels: [
    stat({
      title: 'Hit rate',
      description: 'Hits of all look-ups. Aim: 70 to 80 % once warm; below 50 % there is an alert.',
      ...{ unit: 'percentunit', max: 1, decimals: 1, steps: HIT_RATE_STEPS },
      queries: [[`sum(${HITS}) / (sum(${LOOKUPS}) > 0)`, 'hit rate']],
    }),
    stat({
      title: 'Requests',
      description: 'Requests answered a second, whatever became of them.',
      unit: 'reqps',
      queries: [[`sum(${rate('cachegate_requests_total', OF_SERVICE)})`, 'requests']],
    }),
    stat({
      title: 'Average TTL',
      description:
        'For how long what is stored is kept from now on, on average, an estimate. Aim: over 12 h; below 6 h there is an alert.',
      ...{ unit: 's', decimals: 1, steps: TTL_STEPS },
      queries: [[`max(cachegate_cache_ttl_seconds{${HERE}})`, 'TTL']],
    }),
    stat({
      title: 'Room taken',
      description:
        'What the cache takes up, of what the store as a whole may hold. Over 80 % there is an alert. No value: the store has no limit, or does not tell it.',
      ...{ unit: 'percentunit', decimals: 1, steps: FILL_STEPS },
      queries: [
        [`max(cachegate_cache_bytes{${HERE}}) / (max(cachegate_store_limit_bytes{${HERE}}) > 0)`, 'taken'],
      ],
    }),
    stat({
      title: 'Store',
      description: 'The worst state that any process sees.',
      ...{ unit: 'none', steps: STORE_STATE_STEPS, mappings: STORE_STATES },
      queries: [[`max(${storeState('job, instance')})`, 'state']],
    }),
    stat({
      title: 'Store errors',
      description:
        'Calls of the store that failed, of all calls. Over 5 % there is an alert. No value: no calls, or a store in memory.',
      ...{ unit: 'percentunit', decimals: 2, steps: STORE_ERROR_STEPS },
      queries: [[STORE_ERROR_RATIO, 'errors']],
    }),
    stat({
      title: 'Session hit rate',
      description:
        'Verdicts on sessions of other systems that were in the cache, of all that were looked up. Below 50 % there is an alert.',
      ...{ unit: 'percentunit', max: 1, decimals: 1, steps: SESSION_HIT_STEPS },
      queries: [[SESSION_HIT_RATIO, 'hit rate']],
    }),
    stat({
      title: 'Instances',
      description: 'Instances that answer scrapes.',
      unit: 'none',
      queries: [[`sum(up{${HERE}})`, 'up']],
    }),
  ],
};
