import { hasCode } from '../errors.ts';
import type { JobProgress } from './job-progress.ts';
import type { Patience } from './read-progress.ts';
import type { WarmItem } from './warm-items.ts';

/** An item that is still to be done. */
export interface OpenItem {
  readonly part: number;
  readonly offset: number;
  readonly item: WarmItem;
}

export interface OpenItemsOptions extends Patience {
  /** How many items each part has. */
  readonly lengths: readonly number[];
  readonly progress: Pick<JobProgress, 'hasToDo' | 'isToDo'>;
  /** The items of a part; `null`: they are gone. */
  readonly read: (part: number) => Promise<readonly WarmItem[] | null>;
}

/** What of a job is to be done, one part in memory at a time. While the store is away it waits. */
export async function* openItems(options: OpenItemsOptions): AsyncGenerator<OpenItem, void> {
  const { lengths, progress, isLeft } = options;
  for (const [part, length] of lengths.entries()) {
    if (!progress.hasToDo(part)) continue;
    const items = await readInTime(part, options);
    for (let offset = 0; offset < length; offset++) {
      if (isLeft()) return;
      if (progress.isToDo(part, offset)) yield { part, offset, item: items?.[offset] ?? LOST };
    }
  }
}

async function readInTime(
  part: number,
  { read, pause, isLeft }: OpenItemsOptions,
): Promise<readonly WarmItem[] | null> {
  for (let tries = 1; !isLeft(); tries++) {
    try {
      return await read(part);
    } catch (error) {
      if (hasCode(error, 'ERR_STORE_CLOSED')) return null;
      await pause(tries);
    }
  }
  return null;
}

const LOST: WarmItem = { bad: '?', reason: 'the store has lost what it was' };
