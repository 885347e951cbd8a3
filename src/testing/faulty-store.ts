import type { MaybePromise, Store } from '../store/store.ts';

/** The methods of a store that are counted. */
export type StoreCall = keyof typeof NO_CALLS;

const NO_CALLS = {
  get: 0,
  set: 0,
  replace: 0,
  delete: 0,
  take: 0,
  begin: 0,
  renew: 0,
  end: 0,
  drop: 0,
  dropTagged: 0,
  members: 0,
  confirmed: 0,
  add: 0,
  counters: 0,
  usage: 0,
  ping: 0,
};

/** A store that misbehaves when it is told to. */
export interface FaultyStore extends Store {
  /** Calls so far, those that failed or hang included. */
  readonly calls: Readonly<Record<StoreCall, number>>;
  /** From now on calls (or those of these methods alone) fail with this error. */
  fail(error: Error, only?: readonly StoreCall[]): void;
  /** From now on calls are not answered, until `heal` lets them go on. */
  hang(): void;
  /** From now on calls are carried out `ms` late. */
  delay(ms: number): void;
  /** From now on calls are carried out; so are those that hang. */
  heal(): void;
}

/** Wraps a store, for tests of what stands on one. It is sound at first. */
export function createFaultyStore(store: Store): FaultyStore {
  const calls = { ...NO_CALLS };
  let before: ((name: StoreCall) => Promise<void> | null) | null = null;
  let hanging: (() => void)[] = [];

  function carryOut<T>(name: StoreCall, call: () => MaybePromise<T>): MaybePromise<T> {
    calls[name] += 1;
    const delayed = before?.(name) ?? null;
    return delayed === null ? call() : delayed.then(call);
  }

  return {
    calls,
    kind: store.kind,
    get: (...args) => carryOut('get', () => store.get(...args)),
    set: (...args) => carryOut('set', () => store.set(...args)),
    replace: (...args) => carryOut('replace', () => store.replace(...args)),
    delete: (...args) => carryOut('delete', () => store.delete(...args)),
    take: (...args) => carryOut('take', () => store.take(...args)),
    begin: (...args) => carryOut('begin', () => store.begin(...args)),
    renew: (...args) => carryOut('renew', () => store.renew(...args)),
    end: (...args) => carryOut('end', () => store.end(...args)),
    drop: (...args) => carryOut('drop', () => store.drop(...args)),
    dropTagged: (...args) => carryOut('dropTagged', () => store.dropTagged(...args)),
    members: (...args) => carryOut('members', () => store.members(...args)),
    confirmed: async () => carryOut('confirmed', () => store.confirmed()),
    add: (...args) => carryOut('add', () => store.add(...args)),
    counters: (...args) => carryOut('counters', () => store.counters(...args)),
    usage: (...args) => carryOut('usage', () => store.usage(...args)),
    ping: async () => carryOut('ping', () => store.ping()),
    listen: store.listen,
    coherentUntil: store.coherentUntil,
    hearsDrops: store.hearsDrops,
    close: () => store.close(),
    fail(error, only) {
      before = (name) => (only === undefined || only.includes(name) ? Promise.reject(error) : null);
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
