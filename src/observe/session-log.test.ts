import pino from 'pino';
import { expect, it } from 'vitest';
import type { PresentedSession } from '../session/presented-session.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import type { LoggingLevel } from './log.ts';
import { createSessionLog } from './session-log.ts';

const SESSION = { shownId: 'abc12345' } as PresentedSession;

function sessionLog(level: LoggingLevel) {
  const records: Record<string, unknown>[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void records.push(JSON.parse(line)) });
  return { told: createSessionLog(log, level, createManualClock()), records };
}

it.each([
  ['detailed', [30, 30, 50]],
  ['aggregate', [20, 30, 50]],
  ['minimal', [50]],
] as const)('at %s, a hit, a verdict and an authority that is away have the levels %j', (level, levels) => {
  const { told, records } = sessionLog(level);
  told.sessionHit?.(SESSION, 1.4, { correlationId: () => 'id' });
  told.sessionValidated!(SESSION, 'Wagtail', { verdict: 'invalid' }, 1, 'id');
  told.sessionValidated!(SESSION, 'Wagtail', { verdict: 'unavailable', detail: 'status 500' }, 1, 'id');
  expect(records.map((record) => record.level)).toEqual(levels);
});

it('follows a log that is turned to debug later, and measures no less than nothing', () => {
  const records: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void records.push(JSON.parse(line)) });
  const told = createSessionLog(log, 'aggregate', createManualClock());
  told.sessionHit?.(SESSION, 1, { correlationId: () => 'id' });
  log.level = 'debug';
  told.sessionHit?.(SESSION, -5, { correlationId: () => 'id' });
  expect(records.map(({ msg }) => msg)).toEqual(['Session cache hit for session:abc12345 (0ms)']);
});

it('an authority that is away is told of ten times a second, without what its failure may quote', () => {
  const { told, records } = sessionLog('minimal');
  const detail = 'to http://user:pass@host/?a=b';
  for (let i = 0; i < 20; i++) {
    told.sessionValidated!(SESSION, 'Wagtail', { verdict: 'unavailable', detail }, 1, 'id');
  }
  expect(records).toHaveLength(10);
  expect(records[0]).toMatchObject({ error: 'to http://host/?…', verdict: 'unavailable' });
});
