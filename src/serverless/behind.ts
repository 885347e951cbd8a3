import { within } from '../deadline.ts';
import type { WaitUntil } from './request-context.ts';

/** Sees to it that what follows an answer is finished before the platform stops the instance. */
export type FollowAnswer = (waitUntil: WaitUntil | null, sent: Promise<void> | null) => void;

export interface BehindOptions {
  /** What may be under way: all that is by now, or `null`. None of them rejects. */
  readonly underWay: readonly (() => Promise<unknown> | null)[];
  /** Begins what is due behind an answer. */
  readonly begin: () => void;
}

/** Work begins more work: a save, then the end of its lease. Not without end, since other requests begin work too. */
const ROUNDS = 8;
/** Each piece of work has a deadline of its own; this is for all of them together. */
const DEADLINE_MS = 60_000;

/** Hands the platform one promise for each answer, which never rejects, and none where there is nothing to wait for. */
export function createFollowAnswer({ underWay, begin }: BehindOptions): FollowAnswer {
  const pending = () => underWay.map((ask) => ask()).filter((work) => work !== null);

  async function settled(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const work = pending();
      if (work.length === 0) return;
      await Promise.all(work);
    }
  }

  function finish(): Promise<void> | null {
    begin();
    if (pending().length === 0) return null;
    return within(DEADLINE_MS, settled(), () => new Error('too late')).catch(() => {});
  }

  return (waitUntil, sent) => {
    const work = sent === null ? finish() : sent.then(finish);
    if (work === null || waitUntil === null) return;
    handOver(waitUntil, work);
  };
}

/** A platform may take nothing more, which it says at once or later; the work goes on as far as it lets it. */
function handOver(waitUntil: WaitUntil, work: Promise<unknown>): void {
  try {
    const taken: unknown = waitUntil(work);
    if (taken instanceof Promise) taken.catch(() => {});
  } catch {}
}
