import type { MaybePromise, Store } from '../store/store.ts';

/** The methods of a store that are counted. */
export type StoreCall = 'get' | 'set' | 'delete' | 'take' | 'ping';

/** A store that misbehaves when it is told to. */
export interface FaultyStore extends Store {
  /** Calls so far, those that failed or hang included. */
  readonly calls: Readonly<Record<StoreCall, number>>;
  /** From now on calls fail with this error. */
  fail(error: Error): void;
  /** From now on calls are not answered, until `heal` lets them go on. */
  hang(): void;
  /** From now on calls are carried out `ms` late. */
  delay(ms: number): void;
  /** From now on calls are carried out; so are those that hang. */
  heal(): void;
}

/** Wraps a store, for tests of what stands on one. It is sound at first. */
export function createFaultyStore(store: Store): FaultyStore {
  const calls = { get: 0, set: 0, delete: 0, take: 0, ping: 0 };
  let before: (() => Promise<void>) | null = null;
  let hanging: (() => void)[] = [];

  function carryOut<T>(name: StoreCall, call: () => MaybePromise<T>): MaybePromise<T> {
    calls[name] += 1;
    return before === null ? call() : before().then(call);
  }

  return {
    calls,
    kind: store.kind,
    get: (keys) => carryOut('get', () => store.get(keys)),
    set: (key, bytes, ttlMs, options) => carryOut('set', () => store.set(key, bytes, ttlMs, options)),
    delete: (keys) => carryOut('delete', () => store.delete(keys)),
    take: (key, rules) => carryOut('take', () => store.take(key, rules)),
    ping: async () => carryOut('ping', () => store.ping()),
    close: () => store.close(),
    fail(error) {
      before = () => Promise.reject(error);
    },
    hang() {
      before = () => new Promise((resolve) => hanging.push(resolve));
    },
    delay(ms) {
      before = () => new Promise((resolve) => setTimeout(resolve, ms));
    },
    heal() {
      before = null;
      for (const goOn of hanging) goOn();
      hanging = [];
    },
  };
}
