import { setTimeout as sleep } from 'node:timers/promises';
import type { WarmReport } from '../warm/warm-job.ts';
import type { AdminClient } from './admin-client.ts';
import { NoAnswer } from './command-failure.ts';
import type { ServerEvent } from './event-stream.ts';
import { isReport } from './warm-report.ts';

const RETRY_MS = 1_000;
/** A server that is started anew, or another that takes the job over, is back by then. */
const MAX_AWAY_MS = 60_000;

/**
 * The reports of a job as they come, until it is over. A server that is away for a while does not end it.
 * @param signal ends it: the iteration is over then
 * @throws CommandFailure; NoAnswer when nothing has answered for a minute
 */
export async function* followJob(
  client: AdminClient,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<WarmReport> {
  let heardAt = Date.now();
  while (!signal.aborted) {
    try {
      for await (const report of streamed(client, id, signal)) {
        heardAt = Date.now();
        yield report;
        if (report.state !== 'running') return;
      }
      if (signal.aborted) return;
      // A stream that is over without a word on the job, or that can't be had, is made up for by asking.
      const report = await reportOf(client, id);
      heardAt = Date.now();
      yield report;
      if (report.state !== 'running') return;
    } catch (error) {
      if (!(error instanceof NoAnswer) || Date.now() - heardAt > MAX_AWAY_MS) throw error;
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

async function* streamed(client: AdminClient, id: string, signal: AbortSignal): AsyncGenerator<WarmReport> {
  try {
    for await (const event of client.events(`/warm/${id}/events`, signal)) {
      if (event.name === 'problem') return;
      const report = reportIn(event);
      if (report !== null) yield report;
      if (event.name === 'end') return;
    }
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
}

function reportOf(client: AdminClient, id: string): Promise<WarmReport> {
  return client.ask('GET', `/warm/${id}`, isReport);
}

function reportIn({ data }: ServerEvent): WarmReport | null {
  try {
    const found: unknown = JSON.parse(data);
    return isReport(found) ? found : null;
  } catch {
    return null;
  }
}
