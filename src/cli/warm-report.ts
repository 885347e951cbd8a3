import type { WarmReport } from '../warm/warm-job.ts';
import { isNumber, isText, listOf, nullable, shapeOf } from './answer-shape.ts';
import type { Format } from './format.ts';
import { pairLines, shown, tableLines } from './table.ts';

const ID = /^[\w.:-]{1,128}$/;
const STATES: readonly unknown[] = ['running', 'done', 'cancelled'];

/** Ids are of characters that say nothing to a shell, a path or a terminal. */
export const isReport = shapeOf<WarmReport>({
  id: isJobId,
  state: (found) => STATES.includes(found),
  warmed_count: isNumber,
  failed_count: isNumber,
  total_requested: isNumber,
  duplicates: isNumber,
  rate_per_second: isNumber,
  seconds_left: nullable(isNumber),
  created_at: isText,
  ended_at: nullable(isText),
  failures: listOf(shapeOf<WarmReport['failures'][number]>({ id: isText, reason: isText })),
});

function isJobId(found: unknown): boolean {
  return typeof found === 'string' && ID.test(found);
}

export const isReportList = shapeOf<{ readonly jobs: readonly WarmReport[] }>({ jobs: listOf(isReport) });

/** Items that are over, well or not. */
export function doneOf({ warmed_count, failed_count }: WarmReport): number {
  return warmed_count + failed_count;
}

/** `12.3/s, 37 sec left`; empty where the job does not move. */
export function paceText({ state, rate_per_second, seconds_left }: WarmReport, format: Format): string {
  if (state !== 'running') return '';
  const left = seconds_left === null ? [] : [`${format.duration(Math.max(0, seconds_left))} left`];
  return [format.perSecond(rate_per_second), ...left].join(', ');
}

/** `warmed 118 of 120 (failed 2, duplicates 3)`. */
export function resultText(
  { warmed_count, failed_count, total_requested, duplicates }: WarmReport,
  { number }: Format,
) {
  const counts = [
    ...(failed_count > 0 ? [`failed ${number(failed_count)}`] : []),
    ...(duplicates > 0 ? [`duplicates ${number(duplicates)}`] : []),
  ];
  const also = counts.length === 0 ? '' : ` (${counts.join(', ')})`;
  return `warmed ${number(warmed_count)} of ${number(total_requested)}${also}`;
}

/** A line for each failure that the report has, and one for those that it has not. */
export function failureLines({ failures, failed_count }: WarmReport, { number }: Format): string[] {
  const lines = failures.map(
    ({ id, reason }) => `Failed to warm cache for ${shown(id, 200)}: ${shown(reason, 200)}`,
  );
  const more = failed_count - failures.length;
  return more > 0 ? [...lines, `${number(more)} more failed; the log of the server names them`] : lines;
}

/** A job for people, in lines. */
export function reportText(report: WarmReport, format: Format): string {
  const { id, state, created_at, ended_at } = report;
  const pace = paceText(report, format);
  return [
    ...pairLines([
      ['Job', id],
      ['State', pace === '' ? state : `${state}: ${pace}`],
      ['Done', `${format.number(doneOf(report))} of ${format.number(report.total_requested)}`],
      ['Warmed', format.number(report.warmed_count)],
      ['Failed', format.number(report.failed_count)],
      ['Duplicates', format.number(report.duplicates)],
      ['Created', shown(format.instant(created_at))],
      ['Ended', ended_at === null ? null : shown(format.instant(ended_at))],
    ]),
    ...failureLines(report, format),
  ].join('\n');
}

const COLUMNS = [
  ...['JOB', 'STATE'].map((heading) => ({ heading })),
  ...['DONE', 'TOTAL', 'FAILED', 'RATE'].map((heading) => ({ heading, right: true })),
  { heading: 'CREATED' },
];

export function reportTable(jobs: readonly WarmReport[], format: Format): string {
  if (jobs.length === 0) return 'There are no jobs.';
  const { number, perSecond, instant } = format;
  const rows = jobs.map((job) => [
    job.id,
    job.state,
    number(doneOf(job)),
    number(job.total_requested),
    number(job.failed_count),
    job.state === 'running' ? perSecond(job.rate_per_second) : '-',
    shown(instant(job.created_at)),
  ]);
  return tableLines(COLUMNS, rows).join('\n');
}
