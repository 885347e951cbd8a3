import { createListeners, type Listeners } from './listeners.ts';

/** Tells listeners of the changes of a store in this process, and wakes those who wait for one of a group. */
export interface Changes extends Listeners {
  /** Settles when the group is woken or dropped, at the latest after `waitMs`. */
  wait(base: string, waitMs: number): Promise<void>;
  wake(base: string): void;
  /** Wakes everyone, now and from now on. */
  close(): void;
}

export function createChanges(): Changes {
  const listeners = createListeners();
  const sleeping = new Map<string, Set<() => void>>();
  let closed = false;

  function wake(base: string): void {
    for (const rouse of sleeping.get(base) ?? []) rouse();
  }

  function wait(base: string, waitMs: number): Promise<void> {
    if (closed) return Promise.resolve();
    const rousers = sleeping.get(base) ?? new Set();
    sleeping.set(base, rousers);
    return new Promise((resolve) => {
      const rouse = () => {
        clearTimeout(timer);
        rousers.delete(rouse);
        if (rousers.size === 0 && sleeping.get(base) === rousers) sleeping.delete(base);
        resolve();
      };
      const timer = setTimeout(rouse, waitMs);
      rousers.add(rouse);
    });
  }

  return {
    ...listeners,
    dropped(base) {
      listeners.dropped(base);
      wake(base);
    },
    wait,
    wake,
    close() {
      closed = true;
      for (const base of [...sleeping.keys()]) wake(base);
    },
  };
}
