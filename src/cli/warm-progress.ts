import type { WarmReport } from '../warm/warm-job.ts';
import type { Format } from './format.ts';
import { jsonLine } from './print.ts';
import { doneOf, paceText } from './warm-report.ts';

/** Where the progress of a job is shown. */
export interface ProgressDisplay {
  show(report: WarmReport): void;
  /** Clears the way for something else; `show` changes nothing until `resume`. */
  pause(): void;
  resume(): void;
  end(): void;
}

/** A line of JSON for each report, on standard output. */
export function createJsonProgress(): ProgressDisplay {
  return {
    show: (report) => void process.stdout.write(`${jsonLine(report)}\n`),
    pause() {},
    resume() {},
    end() {},
  };
}

const LINE_EVERY_MS = 60_000;

/** A line for each tenth that is done, and each minute, as a log takes it. */
export function createLineProgress(format: Format, write: (line: string) => void): ProgressDisplay {
  let tenth = -1;
  let writtenAt = 0;
  return {
    show(report) {
      const reached = Math.floor(10 * shareOf(report));
      if (reached === tenth && Date.now() - writtenAt < LINE_EVERY_MS) return;
      tenth = reached;
      writtenAt = Date.now();
      write(`warming ${report.id}: ${progressText(report, format)}\n`);
    },
    pause() {},
    resume() {},
    end() {},
  };
}

/** A bar at the foot of a terminal. */
export async function createBarProgress(
  stream: NodeJS.WriteStream,
  format: Format,
): Promise<ProgressDisplay> {
  const { default: progress } = await import('cli-progress');
  let last: WarmReport | null = null;
  let isPaused = false;
  const bar = new progress.SingleBar({
    stream,
    format: (_options, { maxWidth }, payload: { report?: WarmReport }) =>
      payload.report === undefined ? '' : barLine(payload.report, maxWidth, format),
    hideCursor: true,
    clearOnComplete: true,
  });
  const draw = (report: WarmReport) => {
    if (bar.isActive) bar.update(doneOf(report), { report });
    else bar.start(report.total_requested, doneOf(report), { report });
  };
  return {
    show(report) {
      last = report;
      if (!isPaused) draw(report);
    },
    pause() {
      isPaused = true;
      bar.stop();
    },
    resume() {
      isPaused = false;
      if (last !== null) draw(last);
    },
    end() {
      isPaused = true;
      bar.stop();
    },
  };
}

const MIN_BAR = 10;
const MAX_BAR = 30;

/** `[####------]  42 %  420 of 1,000 …`, at most `width` wide. */
export function barLine(report: WarmReport, width: number, format: Format): string {
  const text = progressText(report, format);
  const room = Math.min(MAX_BAR, width - text.length - 3);
  if (room < MIN_BAR) return text.slice(0, width);
  const full = Math.floor(room * shareOf(report));
  return `[${'#'.repeat(full)}${'-'.repeat(room - full)}] ${text}`;
}

/** `420 of 1,000 (42 %), failed 3, 24/s, 37 sec left`. */
export function progressText(report: WarmReport, format: Format): string {
  const { number, percent } = format;
  const pace = paceText(report, format);
  return [
    `${number(doneOf(report))} of ${number(report.total_requested)} (${percent(Math.floor(100 * shareOf(report)) / 100)})`,
    ...(report.failed_count > 0 ? [`failed ${number(report.failed_count)}`] : []),
    ...(pace === '' ? [] : [pace]),
  ].join(', ');
}

function shareOf(report: WarmReport): number {
  if (report.total_requested === 0) return 1;
  return Math.min(1, Math.max(0, doneOf(report) / report.total_requested));
}
