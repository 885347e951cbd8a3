import { hasCode } from '../errors.ts';
import type { MaybePromise, Store } from '../store/store.ts';

/** A store of which it is known what was asked for and is not answered yet. */
export interface WatchedStore {
  readonly store: Store;
  /** Resolves when all that is under way by now was answered, or has failed; `null`: nothing is. Never rejects. */
  underWay(): Promise<unknown> | null;
}

/**
 * Watches a store's calls: some are made behind an answer and waited for by nobody, such as the end of a lease. A lease
 * that could not be ended is left to run out, since whoever would try again later may not run then.
 */
export function watchStore(store: Store): WatchedStore {
  const calls = new Set<Promise<unknown>>();

  function watch<T>(answer: MaybePromise<T>): MaybePromise<T> {
    if (!(answer instanceof Promise)) return answer;
    const call: Promise<unknown> = answer.then(
      () => calls.delete(call),
      () => calls.delete(call),
    );
    calls.add(call);
    return answer;
  }

  async function end(...args: Parameters<Store['end']>): Promise<void> {
    try {
      await store.end(...args);
    } catch (error) {
      if (hasCode(error, 'ERR_STORE_CLOSED')) throw error;
    }
  }

  const watched: Store = {
    ...store,
    get: (...args) => watch(store.get(...args)),
    set: (...args) => watch(store.set(...args)),
    replace: (...args) => watch(store.replace(...args)),
    delete: (...args) => watch(store.delete(...args)),
    take: (...args) => watch(store.take(...args)),
    begin: (...args) => watch(store.begin(...args)),
    renew: (...args) => watch(store.renew(...args)),
    end: (...args) => watch(end(...args)),
    drop: (...args) => watch(store.drop(...args)),
    dropTagged: (...args) => watch(store.dropTagged(...args)),
    members: (...args) => watch(store.members(...args)),
    add: (...args) => watch(store.add(...args)),
    counters: (...args) => watch(store.counters(...args)),
    usage: (...args) => watch(store.usage(...args)),
  };
  return { store: watched, underWay: () => (calls.size === 0 ? null : Promise.all(calls)) };
}
