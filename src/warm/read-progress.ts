import { hasCode } from '../errors.ts';
import { partLengths } from './job-parts.ts';
import { createJobProgress, type JobProgress } from './job-progress.ts';
import type { StoredJob, WarmStore } from './warm-store.ts';

/** How to wait for a store that is away. */
export interface Patience {
  /** Waits before the next try, of which so many have failed. */
  readonly pause: (tries: number) => Promise<void>;
  /** Whether nobody waits any more. */
  readonly isLeft: () => boolean;
}

const PARTS_AT_ONCE = 16;

/** What was done of a job before. `null`: it was left before that was known. */
export async function readProgress(
  store: WarmStore,
  { key, head }: StoredJob,
  { pause, isLeft }: Patience,
): Promise<JobProgress | null> {
  const lengths = partLengths(head.total);
  const known: (Buffer | null)[] = [];
  for (let tries = 1; known.length < lengths.length; tries += 1) {
    if (isLeft()) return null;
    const some = lengths.map((_, part) => part).slice(known.length, known.length + PARTS_AT_ONCE);
    try {
      known.push(...(await store.progress(key, some)));
      tries = 0;
    } catch (error) {
      if (hasCode(error, 'ERR_STORE_CLOSED')) return null;
      await pause(tries);
    }
  }
  const parts = {
    read: async (part: number) => (await store.progress(key, [part]))[0] ?? null,
    replace: (part: number, expected: Buffer, bytes: Buffer) => store.setProgress(key, part, expected, bytes),
    add: (part: number, bytes: Buffer) => store.addProgress(key, part, bytes),
  };
  return createJobProgress({ store: parts, lengths, known, pause });
}
