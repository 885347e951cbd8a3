import type { Clock } from '../clock.ts';
import type { Log } from './log.ts';
import type { WarmObserver, WarmState } from './observer.ts';
import { shownName, shownText } from './shown-text.ts';
import { createThrottle } from './throttle.ts';

/** Log lines on jobs that fetch responses ahead: their begin, their end, and what could not be fetched. */
export function createWarmLog(log: Log, clock: Clock): WarmObserver {
  const failures = createThrottle(clock, FAILURES_PER_SECOND);
  return {
    warmJobChanged(jobId, state) {
      // What was left out since the last line that told of it is told of with the end.
      const suppressed = state === 'running' ? 0 : failures.settle(FAILED);
      log.info({ operation: 'warm', jobId, warmState: state, ...more(suppressed) }, textOf(jobId, state));
    },
    warmed(jobId, id, reason) {
      if (reason === null) return;
      const suppressed = failures.admit(FAILED);
      if (suppressed === null) return;
      // Of a URL, the query may hold what is nobody's to read.
      const shownId = shownName(id);
      const error = shownText(reason).replace(/\s+/g, ' ');
      log.warn(
        { operation: 'warm', jobId, warmId: shownId, error, ...more(suppressed) },
        `Failed to warm cache for ${shownId}: ${error}`,
      );
    },
  };
}

const FAILED = 'failed';
// Each is to be found, and no origin answers so fast; but a job's bad ids fail all at once.
const FAILURES_PER_SECOND = 1_000;

function more(suppressed: number): { suppressed?: number } {
  return suppressed > 0 ? { suppressed } : {};
}

function textOf(jobId: string, state: WarmState): string {
  switch (state) {
    case 'running':
      return `Warm job ${jobId} is under way`;
    case 'done':
      return `Warm job ${jobId} is done`;
    case 'cancelled':
      return `Warm job ${jobId} was cancelled`;
  }
}
