/** Waits for a change of some keys, from before anything is asked about them. */
export interface Watch {
  /**
   * Settles when a key has changed since the watch began, after `waitMs` at the latest, or after 100 ms while changes can't
   * be heard. Never rejects; the watch is released then.
   */
  changed(waitMs: number): Promise<void>;
  release(): void;
}

export interface Watches {
  watch(keys: readonly string[]): Watch;
  changed(key: string): void;
  /** Anything may have changed: wakes everyone. */
  wakeAll(): void;
}

/** So many at most: the oldest is told of a change that there may not have been. */
const MAX_WATCHES = 10_000;
const UNHEARD_WAIT_MS = 100;

interface Watcher {
  readonly keys: readonly string[];
  wake: () => void;
}

/** @param isHeard whether changes of a key are heard now */
export function createWatches(isHeard: (key: string) => boolean): Watches {
  const watchers = new Set<Watcher>();
  const byKey = new Map<string, Set<Watcher>>();

  function remove(watcher: Watcher): void {
    if (!watchers.delete(watcher)) return;
    for (const key of watcher.keys) {
      const here = byKey.get(key);
      if (here?.delete(watcher) && here.size === 0) byKey.delete(key);
    }
  }

  function wake(watcher: Watcher): void {
    remove(watcher);
    watcher.wake();
  }

  function add(watcher: Watcher): void {
    const [oldest] = watchers;
    if (watchers.size >= MAX_WATCHES && oldest !== undefined) wake(oldest);
    watchers.add(watcher);
    for (const key of watcher.keys) {
      const here = byKey.get(key);
      if (here === undefined) byKey.set(key, new Set([watcher]));
      else here.add(watcher);
    }
  }

  function watch(keys: readonly string[]): Watch {
    let woken = false;
    const watcher: Watcher = {
      keys,
      wake: () => {
        woken = true;
      },
    };
    add(watcher);
    return {
      release: () => remove(watcher),
      changed(waitMs) {
        if (woken) return Promise.resolve();
        const leftMs = keys.every(isHeard) ? waitMs : Math.min(waitMs, UNHEARD_WAIT_MS);
        return new Promise((resolve) => {
          const timer = setTimeout(() => wake(watcher), leftMs);
          watcher.wake = () => {
            woken = true;
            clearTimeout(timer);
            resolve();
          };
        });
      },
    };
  }

  return {
    watch,
    changed(key) {
      for (const watcher of byKey.get(key) ?? []) wake(watcher);
    },
    wakeAll() {
      for (const watcher of watchers) wake(watcher);
    },
  };
}
