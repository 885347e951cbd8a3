import { count, instant, type JsonSchema, listOf, number, numberOrNull, objectOf } from './documented.ts';

/** Ids in addresses. */
export const IDS = {
  job: { type: 'string', minLength: 1, maxLength: 64, description: 'As its report has it' },
};

export const REPORT: JsonSchema = objectOf({
  id: { type: 'string' },
  state: { type: 'string', enum: ['running', 'done', 'cancelled'] },
  warmed_count: count('Fetched and stored, or stored and fresh already'),
  failed_count: count('Failed'),
  total_requested: count('Distinct ids or URLs; when the job is done, the two above add up to it'),
  duplicates: count('Named more than once'),
  rate_per_second: number('Done of the last seconds, in a second'),
  seconds_left: numberOrNull('null: not known yet, or nothing is left'),
  created_at: instant('When it was started'),
  ended_at: { type: ['string', 'null'], format: 'date-time', description: 'null: it goes on' },
  failures: listOf(
    objectOf({ id: { type: 'string' }, reason: { type: 'string' } }),
    'The first that failed; at most 20',
  ),
});

export const REPORT_EXAMPLE = {
  ...{ id: 'b3JkZXI', state: 'running', warmed_count: 120, failed_count: 1, total_requested: 500 },
  ...{ duplicates: 3, rate_per_second: 2.5, seconds_left: 152, created_at: '2026-01-01T12:00:00.000Z' },
  ...{ ended_at: null, failures: [{ id: '99', reason: 'The origin answered with 404' }] },
};

export const WARM_REQUEST: JsonSchema = {
  type: 'object',
  properties: {
    urls: {
      type: 'array',
      description: 'Paths of this server with their queries, or URLs of which the host says nothing',
    },
    ids: {
      type: 'array',
      description: 'Texts or whole numbers, each put into the template in the place of `{id}`',
    },
    hot: {
      type: 'integer',
      ...{ minimum: 1, maximum: 10_000 },
      description: 'So many of the busiest of the last day',
    },
    template: {
      type: 'string',
      ...{ minLength: 1, maxLength: 8_192 },
      description: 'Such as `/api/anime/{id}`; by default `warm.template` of the configuration',
    },
    concurrency: {
      type: 'integer',
      ...{ minimum: 1, maximum: 64 },
      description: 'Requests at once; by default `warm.concurrency` of the configuration',
    },
  },
  additionalProperties: false,
  oneOf: [{ required: ['urls'] }, { required: ['ids'] }, { required: ['hot'] }],
  'x-examples': {
    ids: { value: { ids: [1, 5, 5114], template: '/api/anime/{id}' } },
    urls: { value: { urls: ['/api/top?page=1', '/api/top?page=2'], concurrency: 2 } },
    hot: { value: { hot: 200 } },
  },
};

export const SHORT_FORM: JsonSchema = {
  type: ['array', 'object'],
  properties: { ids: { type: 'array', description: 'Texts or whole numbers' } },
  required: ['ids'],
  additionalProperties: false,
  description: 'A list of ids, or an object with it',
  'x-examples': { list: { value: [1, 5, 5114] }, object: { value: { ids: [1, 5, 5114] } } },
};
