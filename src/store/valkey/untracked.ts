import { setTimeout as sleep } from 'node:timers/promises';
import { createListeners } from '../listeners.ts';
import type { Tracking } from './tracking.ts';
import { createWatches } from './watches.ts';

/**
 * For a process that keeps nothing of the store's: it hears of its own changes alone.
 *
 * @param confirmedAfterMs after so long, the processes that do keep something have heard of a change, or keep it no more
 */
export function createUntracked(confirmedAfterMs: number): Tracking {
  const listeners = createListeners();
  const watches = createWatches(() => false);

  function noteChange(key: string): void {
    listeners.changed(key);
    watches.changed(key);
  }

  return {
    listen: listeners.listen,
    coherentUntil: () => null,
    hearsDrops: () => false,
    confirmed: () => sleep(confirmedAfterMs),
    noteChange,
    noteDrop(base) {
      noteChange(base);
      listeners.dropped(base);
    },
    noteTagDrop: listeners.tagDropped,
    watch: watches.watch,
    close: async () => watches.wakeAll(),
  };
}
