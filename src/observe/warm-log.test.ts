import { expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { createLog } from './log.ts';
import { createWarmLog } from './warm-log.ts';

function warmLog() {
  const records: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line)) };
  const clock = createManualClock();
  return { told: createWarmLog(createLog({ level: 'aggregate', destination }), clock), records, clock };
}

it('tells of a job, and of each that could not be fetched', () => {
  const { told, records } = warmLog();
  told.warmJobChanged!('job-1', 'running');
  told.warmed!('job-1', '7', null);
  told.warmed!('job-1', '8', 'the origin answers 404');
  told.warmJobChanged!('job-1', 'done');
  told.warmJobChanged!('job-2', 'cancelled');
  expect(records).toMatchObject([
    {
      level: 30,
      msg: 'Warm job job-1 is under way',
      operation: 'warm',
      jobId: 'job-1',
      warmState: 'running',
    },
    {
      level: 40,
      msg: 'Failed to warm cache for 8: the origin answers 404',
      operation: 'warm',
      jobId: 'job-1',
      warmId: '8',
      error: 'the origin answers 404',
    },
    { level: 30, msg: 'Warm job job-1 is done', warmState: 'done' },
    { level: 30, msg: 'Warm job job-2 was cancelled', warmState: 'cancelled' },
  ]);
});

it('leaves out what is too much in a second, and says how much that was', () => {
  const { told, records, clock } = warmLog();
  for (let i = 0; i < 1_015; i++) told.warmed!('job-1', String(i), 'no');
  expect(records).toHaveLength(1_000);
  clock.advance(1_000);
  for (let i = 0; i < 1_004; i++) told.warmed!('job-1', String(i), 'no');
  expect(records.map(({ suppressed }) => suppressed).slice(1_000)).toEqual([
    15,
    ...Array(999).fill(undefined),
  ]);
  told.warmJobChanged!('job-1', 'done');
  expect(records.at(-1)).toMatchObject({ msg: 'Warm job job-1 is done', suppressed: 4 });
});

it('tells of a reason in one line', () => {
  const { told, records } = warmLog();
  told.warmed!('job-1', '8', 'it failed:\r\n  \u001b[31mbadly\n');
  expect(records[0]).toMatchObject({ msg: 'Failed to warm cache for 8: it failed: ?[31mbadly ' });
});

it.each([
  ['/api/a?token=abc', '/api/a?…'],
  ['https://user:pass@host/a?b=c', 'https://host/a?…'],
  ['what?', 'what?'],
  ['a\nb\u2028c', 'a?b?c'],
  ['x'.repeat(300), `${'x'.repeat(200)}…`],
])('shows %j as %j', (id, shown) => {
  const { told, records } = warmLog();
  told.warmed!('job-1', id, 'no');
  expect(records[0]).toMatchObject({ msg: `Failed to warm cache for ${shown}: no`, warmId: shown });
});
