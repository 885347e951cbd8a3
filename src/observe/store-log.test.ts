import { expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createLog } from './log.ts';
import { createRequestLog } from './store-log.ts';

const REQUEST = { correlationId: () => 'abc' };

function requestLog() {
  const records: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line)) };
  const clock = createManualClock();
  return { told: createRequestLog(createLog({ level: 'minimal', destination }), clock), records, clock };
}

it('tells what went wrong, with what is safe of the error', () => {
  const { told, records } = requestLog();
  const cause = Object.assign(new Error('connect to http://user:pass@host/?key=1'), { code: 'ECONNREFUSED' });
  told.originFailed!(
    'api',
    new CachegateError('ERR_ORIGIN_CONNECT', 'The origin could not be reached: ECONNREFUSED', { cause }),
    REQUEST,
  );
  told.requestFailed!('api', new TypeError('x is not a function'), REQUEST);
  expect(records).toMatchObject([
    {
      level: 50,
      msg: 'Origin failed for api',
      service: 'api',
      correlationId: 'abc',
      err: {
        type: 'CachegateError',
        code: 'ERR_ORIGIN_CONNECT',
        message: 'The origin could not be reached: ECONNREFUSED',
        cause: { type: 'Error', code: 'ECONNREFUSED', message: 'connect to http://host/?…' },
      },
    },
    {
      level: 50,
      msg: 'Request failed for api',
      err: { type: 'TypeError', stack: expect.stringContaining('store-log.test.ts') },
    },
  ]);
});

it('tells of an outage in ten lines a second for each service', () => {
  const { told, records, clock } = requestLog();
  const error = new CachegateError('ERR_ORIGIN_TIMEOUT', 'The origin did not answer in time');
  for (let i = 0; i < 25; i++) told.originFailed!('a', error, REQUEST);
  told.originFailed!('b', error, REQUEST);
  clock.advance(1_000);
  told.originFailed!('a', error, REQUEST);
  expect(records.map(({ msg }) => msg)).toEqual([
    ...Array(10).fill('Origin failed for a'),
    'Origin failed for b',
    'Origin failed for a',
  ]);
  expect(records.at(-1)).toMatchObject({ suppressed: 15 });
});

it('tells of a budget that is used up once for each refusal, ten a second', () => {
  const { told, records } = requestLog();
  told.originHeldBack!('api', true, 100);
  for (let i = 0; i < 12; i++) {
    told.originHeldBack!('api', false, 1_999.6);
    told.originFailed!('api', new CachegateError('ERR_ORIGIN_BUDGET', 'Origin budget used up'), REQUEST);
  }
  expect(records).toHaveLength(10);
  expect(records[0]).toMatchObject({
    level: 40,
    msg: 'The budget of the origin is used up for api: not asked after waiting 2000ms',
    operation: 'origin_budget',
    service: 'api',
    waited: 2000,
  });
});
