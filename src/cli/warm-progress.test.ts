import { expect, it } from 'vitest';
import type { WarmReport } from '../warm/warm-job.ts';
import { createFormat } from './format.ts';
import { barLine, createLineProgress } from './warm-progress.ts';

const format = createFormat('en-US', 'UTC');

function report(warmed: number, part: Partial<WarmReport> = {}): WarmReport {
  return {
    ...{ id: 'job', state: 'running', warmed_count: warmed, failed_count: 0, total_requested: 1_000 },
    ...{ duplicates: 0, rate_per_second: 24, seconds_left: 37, created_at: '', ended_at: null, failures: [] },
    ...part,
  };
}

it('draws a bar that fits', () => {
  expect(barLine(report(420), 80, format)).toBe(
    '[############------------------] 420 of 1,000 (42%), 24/s, 37 sec left',
  );
  expect(barLine(report(417, { failed_count: 3 }), 55, format)).toBe(
    '420 of 1,000 (42%), failed 3, 24/s, 37 sec left',
  );
  for (const width of [1, 20, 60, 70])
    expect(barLine(report(420), width, format).length).toBeLessThanOrEqual(width);
  const last = { state: 'done', seconds_left: null } as const;
  expect(barLine(report(1_000, last), 40, format)).toBe('[################] 1,000 of 1,000 (100%)');
  expect(barLine(report(999), 80, format)).toContain('(99%)');
  expect(barLine(report(0, { ...last, total_requested: 0 }), 80, format)).toContain('0 of 0 (100%)');
});

it('writes a line for each tenth', () => {
  const lines: string[] = [];
  const progress = createLineProgress(format, (line) => lines.push(line));
  for (let warmed = 0; warmed <= 1_000; warmed += 10) progress.show(report(warmed));
  expect(lines).toHaveLength(11);
  expect(lines[5]).toBe('warming job: 500 of 1,000 (50%), 24/s, 37 sec left\n');
});
