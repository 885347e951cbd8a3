import { expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createFunctionLog } from './function-log.ts';

it('tells what went wrong in a few lines a second, and nothing that an error quotes', () => {
  const clock = createManualClock();
  const lines: unknown[] = [];
  const log = {
    warn: (fields: object, text: string) => lines.push(['warn', text, fields]),
    error: (fields: object, text: string) => lines.push(['error', text, fields]),
  };
  const { staleAnswered, refreshFailed, storeFailed, storeStateChanged } = createFunctionLog(log, clock);
  const failure = Object.assign(new TypeError('token=secret'), { code: 'ECONNRESET' });
  for (let i = 0; i < 12; i += 1) staleAnswered!('f', failure);
  clock.advance(1_000);
  staleAnswered!('f', failure);
  refreshFailed!('f', new RangeError('secret'));
  storeFailed!('read', new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout'));
  storeFailed!('read', new CachegateError('ERR_STORE_CIRCUIT_OPEN', 'Away'));
  storeStateChanged!('away', '', new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout'));
  storeStateChanged!('available', 'a:1');
  const told = 'Cached function f failed: answered with a stale result';
  expect(lines).toHaveLength(15);
  expect(lines.slice(9)).toEqual([
    ['warn', told, { function: 'f', errorType: 'ECONNRESET' }],
    ['warn', told, { function: 'f', errorType: 'ECONNRESET', suppressed: 2 }],
    [
      'warn',
      'Cached function f failed behind an answer with a stale result',
      { function: 'f', errorType: 'RangeError' },
    ],
    [
      'error',
      'The store of cached functions failed (read): Connection timeout',
      { failedOperation: 'read', errorType: 'ERR_STORE_TIMEOUT' },
    ],
    [
      'error',
      'The store of cached functions is away: Connection timeout',
      { storeState: 'away', errorType: 'ERR_STORE_TIMEOUT' },
    ],
    ['warn', 'The store of cached functions is back', { storeState: 'available', shard: 'a:1' }],
  ]);
});
