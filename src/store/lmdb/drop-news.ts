import type { Changes } from '../changes.ts';
import type { StoreListener } from '../store.ts';
import { type Journal, TAG_DROP } from './journal.ts';

/** How long a drop of another process may go unheard. */
export const NEWS_MS = 25;

/** Tells this process's listeners what other processes dropped. */
export interface DropNews {
  listen(listener: StoreListener): () => void;
  /** Looks whether there is any. */
  look(): void;
  close(): void;
}

export function tellDrop(changes: Changes, base: string): void {
  if (base === TAG_DROP) changes.tagDropped();
  else changes.dropped(base);
}

/** @param fresh makes the next reads see what others have written */
export function createDropNews(journal: Journal, changes: Changes, fresh: () => void): DropNews {
  let listening = 0;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    if (listening === 0) return;
    const bases = journal.news();
    if (bases === null) changes.lost();
    for (const base of bases ?? []) tellDrop(changes, base);
  }

  function lookInTime(): void {
    try {
      fresh();
      look();
    } catch {
      // The map can't be read, which whoever reads from it is told.
    }
  }

  function start(): void {
    journal.news();
    timer = setInterval(lookInTime, NEWS_MS);
    timer.unref();
  }

  return {
    look,
    listen(listener) {
      if (listening === 0) start();
      listening += 1;
      const leave = changes.listen(listener);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        leave();
        listening -= 1;
        if (listening === 0) clearInterval(timer);
      };
    },
    close: () => clearInterval(timer),
  };
}
