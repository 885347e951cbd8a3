import type { StoreListener } from './store.ts';

/** Those who want to be told of changes. */
export interface Listeners extends Required<StoreListener> {
  listen(listener: StoreListener): () => void;
}

export function createListeners(): Listeners {
  const listeners = new Set<StoreListener>();
  return {
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    changed(key) {
      for (const listener of listeners) listener.changed?.(key);
    },
    dropped(base) {
      for (const listener of listeners) listener.dropped?.(base);
    },
    tagDropped() {
      for (const listener of listeners) listener.tagDropped?.();
    },
    lost() {
      for (const listener of listeners) listener.lost?.();
    },
  };
}
