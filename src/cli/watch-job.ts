import type { WarmReport } from '../warm/warm-job.ts';
import type { AdminClient } from './admin-client.ts';
import { followJob } from './follow-job.ts';
import { askAboutJob } from './interrupt-question.ts';
import type { ProgressDisplay } from './warm-progress.ts';
import { isReport } from './warm-report.ts';

export interface Watched {
  /** The last that was heard. */
  readonly report: WarmReport;
  /** Whether it goes on, with nobody watching. */
  readonly isLeft: boolean;
}

const END_SIGNALS = ['SIGTERM', 'SIGHUP'] as const;

/** Shows a job until it is over. Ctrl-C asks whether to leave it, where there is somebody to ask; else it leaves it. */
export async function watchJob(
  client: AdminClient,
  first: WarmReport,
  display: ProgressDisplay,
): Promise<Watched> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  const interrupts = onInterrupts(client, first.id, display, leaving);
  for (const signal of END_SIGNALS) process.on(signal, leave);
  try {
    const report = await lastReport(client, first, display, leaving.signal);
    return { report, isLeft: report.state === 'running' };
  } finally {
    for (const signal of END_SIGNALS) process.off(signal, leave);
    await interrupts.end();
    display.end();
  }
}

async function lastReport(
  client: AdminClient,
  first: WarmReport,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<WarmReport> {
  let report = first;
  display.show(report);
  if (report.state !== 'running') return report;
  for await (report of followJob(client, report.id, signal)) display.show(report);
  // What went wrong while it was cancelled.
  if (signal.aborted && (signal.reason as Error).name !== 'AbortError') throw signal.reason;
  return report;
}

function onInterrupts(client: AdminClient, id: string, display: ProgressDisplay, leaving: AbortController) {
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  let question: { readonly asked: Promise<void>; readonly over: AbortController } | null = null;

  async function ask(signal: AbortSignal): Promise<void> {
    display.pause();
    const answer = await askAboutJob(signal);
    if (signal.aborted) return;
    if (answer === 'leave') return leaving.abort();
    display.resume();
    if (answer === 'cancel') await client.ask('DELETE', `/warm/${id}`, isReport);
  }

  const onInterrupt = () => {
    if (!isTerminal || question !== null) return leaving.abort();
    const over = new AbortController();
    const asked = ask(over.signal).catch((error: unknown) => leaving.abort(error));
    question = { asked: asked.finally(() => (question = null)), over };
  };
  process.on('SIGINT', onInterrupt);
  return {
    /** Takes an open question back. */
    async end(): Promise<void> {
      process.off('SIGINT', onInterrupt);
      question?.over.abort();
      await question?.asked;
    },
  };
}
