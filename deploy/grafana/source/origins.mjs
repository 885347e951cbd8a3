// @ts-check
import { OF_SERVICE, quantile, rate, timeseries } from './panel.mjs';

const of = (/** @type {string} */ metric, more = '') => rate(metric, OF_SERVICE + more);

export const origins = {
  title: 'Origins and limits',
  panels: [
    timeseries({
      title: "Origins' answers",
      description: 'Exchanges with origins by the class of the status; none: no answer came.',
      ...{ unit: 'reqps', stack: true },
      queries: [[`sum by (status) (${of('cachegate_origin_answers_total')})`, '{{status}}']],
    }),
    timeseries({
      title: 'Origins that fail',
      description:
        'Answers of 5xx and none at all, of all exchanges. Dashed: 10 %, above which there is an alert.',
      ...{ unit: 'percentunit', max: 1 },
      steps: [
        ['green', null],
        ['red', 0.1],
      ],
      queries: [
        [
          `sum by (service) (${of('cachegate_origin_answers_total', ',status=~"5xx|none"')}) / (sum by (service) (${of('cachegate_origin_answers_total')}) > 0)`,
          '{{service}}',
        ],
      ],
    }),
    timeseries({
      title: 'Origins by service, 95 %',
      description: 'So long 95 of 100 exchanges took at most, until the header section was there.',
      unit: 's',
      queries: [
        [
          quantile(0.95, 'cachegate_origin_duration_seconds', { by: 'service', labels: OF_SERVICE }),
          '{{service}}',
        ],
      ],
    }),
    timeseries({
      title: 'Rate limits',
      description: 'Requests that a limit has refused (429), by service and limit, and all that were judged.',
      unit: 'reqps',
      queries: [
        [
          `sum by (service, limit) (${of('cachegate_rate_limit_decisions_total', ',decision="refused"')})`,
          '{{service}}: {{limit}} refused',
        ],
        [`sum(${of('cachegate_rate_limit_decisions_total')})`, 'all judged'],
      ],
    }),
    timeseries({
      title: "Origins' budgets",
      description:
        'Exchanges that waited for their origin’s budget: admitted, or refused (a stale answer, or 503).',
      unit: 'reqps',
      queries: [
        [
          `sum by (service, result) (${of('cachegate_origin_budget_waits_total')})`,
          '{{service}}: {{result}}',
        ],
      ],
    }),
    timeseries({
      title: 'Waiting for the budget',
      description: 'How long these exchanges waited.',
      unit: 's',
      queries: [
        [quantile(0.5, 'cachegate_origin_budget_wait_seconds', { labels: OF_SERVICE }), 'half'],
        [quantile(0.95, 'cachegate_origin_budget_wait_seconds', { labels: OF_SERVICE }), '95 %'],
      ],
    }),
  ],
};
