import { expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createLog } from './log.ts';
import { createOwnSessionLog } from './own-session-log.ts';

it('tells of the change of mode once each, and of what could not be stored', () => {
  const records: { level: number; msg: string }[] = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line)) };
  const told = createOwnSessionLog(createLog({ level: 'minimal', destination }), { now: () => 0 });
  const error = new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
  told.sessionsDegraded!(true, 0, error);
  told.ownSessionFailed!('read', error);
  told.ownSessionFailed!('write', error);
  told.ownSessionFailed!('end', new CachegateError('ERR_STORE_CIRCUIT_OPEN', 'Store unavailable'));
  told.sessionsDegraded!(false, 2);
  told.ownSessionFailed!('write', new CachegateError('ERR_STORE_REFUSED', 'Not now'));
  told.sessionChangesLost!(1, error);
  expect(records.map(({ level, msg }) => [level, msg])).toEqual([
    [50, 'Sessions are judged by their tokens alone: Connection timeout'],
    [40, 'Sessions are kept in the store again; 2 kept changes were made up for'],
    [50, 'Own session could not be written in the store: Not now'],
    [50, '1 kept change of a session was lost: Connection timeout'],
  ]);
});
