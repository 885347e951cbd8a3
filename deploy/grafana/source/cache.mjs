// @ts-check
import { HIT_RATE_STEPS, HITS, LOOKUPS, TTL_STEPS } from './overview.mjs';
import { HERE, OF_SERVICE, onTheRight, quantile, rate, timeseries } from './panel.mjs';

const of = (/** @type {string} */ metric) => rate(metric, OF_SERVICE);

export const cache = {
  title: 'Cache',
  panels: [
    timeseries({
      title: 'Hit rate by service',
      description:
        'Hits of all look-ups. Dashed: 50 %, below which there is an alert, and the aim of 70 to 80 % once warm.',
      ...{ unit: 'percentunit', max: 1, width: 12, steps: HIT_RATE_STEPS },
      queries: [
        [`sum by (service) (${HITS}) / (sum by (service) (${LOOKUPS}) > 0)`, '{{service}}'],
        [`sum(${HITS}) / (sum(${LOOKUPS}) > 0)`, 'all'],
      ],
    }),
    timeseries({
      title: 'Latency, cache against origin',
      description:
        'From the first question to the store until it was decided what becomes of what it holds; and of exchanges with the origin until the header section was there.',
      ...{ unit: 's', width: 12, log: true },
      queries: [
        [quantile(0.5, 'cachegate_lookup_duration_seconds', { labels: OF_SERVICE }), 'cache, half'],
        [quantile(0.95, 'cachegate_lookup_duration_seconds', { labels: OF_SERVICE }), 'cache, 95 %'],
        [quantile(0.5, 'cachegate_origin_duration_seconds', { labels: OF_SERVICE }), 'origin, half'],
        [quantile(0.95, 'cachegate_origin_duration_seconds', { labels: OF_SERVICE }), 'origin, 95 %'],
      ],
    }),
    timeseries({
      title: 'Requests by outcome',
      description:
        'hit; why it was forwarded, in the words of RFC 9211; other: the cache has answered without either; gate: refused or answered before any cache was asked.',
      ...{ unit: 'reqps', stack: true },
      queries: [[`sum by (outcome) (${of('cachegate_requests_total')}) > 0`, '{{outcome}}']],
    }),
    timeseries({
      title: 'Entries and size',
      description:
        'What the cache has in the store, estimates (left: bytes, right: entries), and what the store as a whole may hold.',
      unit: 'bytes',
      overrides: [onTheRight('B', 'short')],
      queries: [
        [`max(cachegate_cache_bytes{${HERE}})`, 'size'],
        [`max(cachegate_cache_entries{${HERE}})`, 'entries'],
        [`max(cachegate_store_limit_bytes{${HERE}})`, "the store's limit"],
      ],
    }),
    timeseries({
      title: 'Average TTL',
      description:
        'For how long what is stored is kept from now on, on average, an estimate. Dashed: 6 h, below which there is an alert, and the aim of 12 h.',
      ...{ unit: 's', steps: TTL_STEPS },
      queries: [[`max(cachegate_cache_ttl_seconds{${HERE}})`, 'TTL']],
    }),
    timeseries({
      title: 'Answers that were no hits',
      description: 'By the class of their status. 4xx of the gate (401, 403, 429) are among them.',
      ...{ unit: 'reqps', stack: true },
      queries: [[`sum by (status) (${of('cachegate_answers_total')})`, '{{status}}']],
    }),
    timeseries({
      title: 'Requests that the origin was spared',
      description: "Hits, and requests answered by the origin's response to another one.",
      unit: 'reqps',
      queries: [
        [`sum(${HITS})`, 'hits'],
        [`sum(${of('cachegate_collapsed_requests_total')})`, 'collapsed'],
      ],
    }),
    timeseries({
      title: 'Revalidations behind answers',
      description: 'Stored responses that were validated after they had been sent (RFC 5861).',
      unit: 'ops',
      queries: [[`sum by (result) (${of('cachegate_revalidations_total')})`, '{{result}}']],
    }),
    timeseries({
      title: 'Time to save',
      description: 'Until what the origin sent was in the store. Answers do not wait for it.',
      unit: 's',
      queries: [
        [quantile(0.5, 'cachegate_save_duration_seconds', { labels: OF_SERVICE }), 'half'],
        [quantile(0.95, 'cachegate_save_duration_seconds', { labels: OF_SERVICE }), '95 %'],
      ],
    }),
    timeseries({
      title: 'Values of applications',
      description: 'Look-ups of cached values by an application (cache.get, cache.remember).',
      unit: 'ops',
      queries: [[`sum by (name, result) (${rate('cachegate_value_lookups_total')})`, '{{name}}: {{result}}']],
    }),
    timeseries({
      title: 'Warming',
      description:
        'Items of warming jobs (left), and jobs that came to a state in the last 5 minutes (right).',
      unit: 'ops',
      overrides: [onTheRight('B', 'short')],
      queries: [
        [`sum by (result) (${rate('cachegate_warm_items_total')})`, 'items {{result}}'],
        [`sum by (state) (increase(cachegate_warm_jobs_total{${HERE}}[5m]))`, 'jobs {{state}}'],
      ],
    }),
    timeseries({
      title: 'Purges',
      description:
        'By what was named, in the last 5 minutes, and those that failed: these are to be repeated.',
      unit: 'short',
      queries: [
        [
          `sum by (by, mode) (increase(cachegate_purges_total{${HERE},result="done"}[5m]))`,
          '{{by}}, {{mode}}',
        ],
        [`sum(increase(cachegate_purges_total{${HERE},result="failed"}[5m]))`, 'failed'],
      ],
    }),
  ],
};
