import type { Clock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import { companionKey } from '../group-keys.ts';
import type { DropOptions, MaybePromise, Store, Usage } from '../store.ts';
import { storeClosed } from '../store-errors.ts';
import { type CircuitBreakerOptions, DEFAULT_BREAKER } from './circuit-breaker.ts';
import { type CallObserver, createDeadlineQueue, type DeadlineQueue } from './deadline-queue.ts';
import { createShardCircuits, type ShardCircuits, type ShardState } from './shard-circuits.ts';
import {
  countFailure,
  countRefusal,
  createStoreCounts,
  type StoreCounts,
  type StoreOperation,
} from './store-counts.ts';

/** As the worst of its shards. */
export type StoreState = ShardState;

export interface StateChange {
  readonly state: StoreState;
  /** Which of several servers; empty where there is one. */
  readonly shard: string;
  /** The failure that opened a circuit. */
  readonly error?: unknown;
}

export interface ResilientStore extends Store {
  readonly state: StoreState;
  readonly counts: Readonly<StoreCounts>;
}

export interface ResilientStoreOptions {
  /** For each call that is not answered at once; 250 by default. */
  readonly deadlineMs?: number;
  /** Milliseconds that never go back; they need no epoch. */
  readonly clock?: Clock;
  readonly breaker?: Partial<CircuitBreakerOptions>;
  /**
   * `false`: nothing happens between calls, no timer is left when they are answered; a store that is away is found back by
   * a call. `true` by default.
   */
  readonly lasting?: boolean;
  /** Called once for each change; the first state is `available`. */
  readonly onStateChange?: (change: StateChange) => void;
  readonly random?: () => number;
}

const monotonicClock: Clock = { now: () => performance.now() };
/** For what goes through many keys; each of its steps is short. */
const LONG_DEADLINE_MS = 60_000;
/** For what looks at many, and is of use only soon. */
const LOOK_DEADLINE_MS = 5_000;
const PROBE_TTL_MS = 1_000;
const PROBE = Buffer.from('probe');

/**
 * A store that never makes its caller wait long: a call has a deadline (`ERR_STORE_TIMEOUT`), and while its shard is
 * away calls fail at once (`ERR_STORE_CIRCUIT_OPEN`) until a probe, tried 100 ms to 2 s apart, is answered. A shard
 * that refuses writes (`ERR_STORE_UNWRITABLE`) goes on being read, and deletes. What the store answers at once is
 * passed on at once.
 *
 * A service over HTTP has no connection of ours whose loss would tell: one timeout is enough where nothing was answered
 * meanwhile, so that a request that asks it several things waits for one.
 */
export function createResilientStore(store: Store, options: ResilientStoreOptions = {}): ResilientStore {
  const { deadlineMs = 250, clock = monotonicClock, onStateChange, random = Math.random } = options;
  const { lasting = true } = options;
  const timeout = () => new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
  const queueOf = (ms: number) => createDeadlineQueue({ deadlineMs: ms, clock, timeout, lasting });
  const deadlines = queueOf(deadlineMs);
  const longDeadlines = queueOf(LONG_DEADLINE_MS);
  const lookDeadlines = queueOf(LOOK_DEADLINE_MS);
  const silentMs = store.kind === 'kv-rest' ? deadlineMs : null;
  const counts = createStoreCounts();
  const guards = new Map<string, Guard>();
  let closed: CachegateError | null = null;

  function shardOf(key: string): Guard {
    const name = store.shardOf?.(key) ?? '';
    let guard = guards.get(name);
    if (guard === undefined) {
      guard = createGuard(
        createShardCircuits(
          name,
          circuitOptions(() => guards.get(name)!.key),
        ),
        counts,
      );
      guards.set(name, guard);
    }
    if (key !== '') guard.key = key;
    return guard;
  }

  /** @param keyOf a key that the shard was asked for: probes go beside it, which is allowed if it was. */
  const probesOf = (keyOf: () => string) => ({
    any: async () => {
      const key = keyOf();
      // What calls ask for, since a server that refuses that may answer a ping.
      const answer = key === '' ? store.ping() : store.get([besideOf(key)]);
      return deadlines.race(Promise.resolve(answer), IGNORED);
    },
    write: async () => {
      const written = store.set(besideOf(keyOf()), PROBE, PROBE_TTL_MS);
      return deadlines.race(Promise.resolve(written), IGNORED);
    },
  });

  const circuitOptions = (keyOf: () => string) => ({
    breaker: { ...DEFAULT_BREAKER, ...options.breaker },
    ...{ silentMs, clock, random },
    probes: lasting ? probesOf(keyOf) : null,
    onChange: (shard: string, state: ShardState, error: unknown) => {
      if (state !== 'available') counts.outages += 1;
      onStateChange?.({ state, shard, ...(error !== null && { error }) });
    },
  });

  /** Makes a call about `key`, unless what it needs is known to fail. */
  function guarded<T>(
    operation: StoreOperation,
    key: string,
    kind: 'read' | 'write',
    call: () => MaybePromise<T>,
    within: DeadlineQueue = deadlines,
  ): MaybePromise<T> {
    if (closed !== null) return Promise.reject(closed);
    counts.operations[operation].calls += 1;
    const guard = shardOf(key);
    const { calls, writes } = guard.circuits;
    const refusal = calls.refuses() ?? (kind === 'write' ? writes.refuses() : null);
    if (refusal !== null) {
      countRefusal(counts, operation);
      return Promise.reject(refusal);
    }
    try {
      const answer = call();
      if (answer instanceof Promise) return within.race(answer, guard.observerOf(operation, kind));
      guard.observerOf(operation, kind).succeeded();
      return answer;
    } catch (error) {
      guard.observerOf(operation, kind).failed(error);
      throw error;
    }
  }

  /** For what is of no key: where there are several shards, it says nothing about any one of them. */
  async function ofNoKey<T>(
    operation: 'ping' | 'confirmed' | 'usage',
    call: () => MaybePromise<T>,
    within: DeadlineQueue = deadlines,
  ): Promise<T> {
    if (store.shardOf === undefined) return guarded(operation, '', 'read', call, within);
    if (closed !== null) throw closed;
    counts.operations[operation].calls += 1;
    const failed = (error: unknown) => countFailure(counts, operation, error);
    return within.race(Promise.resolve(call()), { succeeded: () => {}, failed });
  }

  /** That may take longer than a frozen store is waited for: whether anybody is there shows at once. */
  async function usage(tags: readonly string[], sampleSize: number): Promise<Usage> {
    const [tag] = tags;
    if (tag !== undefined) await guarded('get', tag, 'read', () => store.get([besideOf(tag)]));
    return ofNoKey('usage', () => store.usage(tags, sampleSize), lookDeadlines);
  }

  /** That may take long, and is waited for long; whether anybody is there shows at once. */
  async function dropTagged(tags: readonly string[], dropOptions?: DropOptions): Promise<number> {
    const [tag = ''] = tags;
    await guarded('get', tag, 'read', () => store.get([besideOf(tag)]));
    return guarded('dropTagged', tag, 'read', () => store.dropTagged(tags, dropOptions), longDeadlines);
  }

  /** Groups may lie on several shards, of which one that is away is no reason to leave the others as they were. */
  function drop(bases: readonly string[], dropOptions?: DropOptions): MaybePromise<number> {
    const [base = '', ...others] = bases;
    if (others.length === 0 || store.shardOf === undefined) {
      return guarded('drop', base, 'read', () => store.drop(bases, dropOptions));
    }
    return dropEach(bases, dropOptions);
  }

  async function dropEach(bases: readonly string[], dropOptions?: DropOptions): Promise<number> {
    const each = async (base: string) => guarded('drop', base, 'read', () => store.drop([base], dropOptions));
    const results = await Promise.allSettled(bases.map(each));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return results.reduce((sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0), 0);
  }

  /** As `drop`: one that can't tell is no word about the others. */
  function counters(keys: readonly string[]): MaybePromise<ReadonlyMap<string, number>[]> {
    const [first = '', ...others] = keys;
    if (others.length === 0 || store.shardOf === undefined) {
      return guarded('counters', first, 'read', () => store.counters(keys));
    }
    const each = (key: string) => guarded('counters', key, 'read', () => store.counters([key]));
    return Promise.all(keys.map(async (key) => (await each(key))[0]!));
  }

  async function close(): Promise<void> {
    closed = storeClosed();
    for (const { circuits } of guards.values()) {
      circuits.calls.stop();
      circuits.writes.stop();
    }
    await store.close();
    deadlines.stop();
    longDeadlines.stop();
    lookDeadlines.stop();
  }

  const { shardOf: shard } = store;
  return {
    kind: store.kind,
    get state() {
      return worst([...guards.values()].map(({ circuits }) => circuits.state));
    },
    counts,
    get: (keys) => guarded('get', keys[0] ?? '', 'read', () => store.get(keys)),
    set: (key, ...rest) => guarded('set', key, 'write', () => store.set(key, ...rest)),
    replace: (key, ...rest) => guarded('replace', key, 'write', () => store.replace(key, ...rest)),
    delete: (keys) => guarded('delete', keys[0] ?? '', 'read', () => store.delete(keys)),
    take: (key, ...rest) => guarded('take', key, 'write', () => store.take(key, ...rest)),
    begin: (base, lease) => guarded('begin', base, 'write', () => store.begin(base, lease)),
    renew: (base, lease) => guarded('renew', base, 'write', () => store.renew(base, lease)),
    end: (base, ...rest) => guarded('end', base, 'read', () => store.end(base, ...rest)),
    drop,
    dropTagged,
    members: (tag, cursor) => guarded('members', tag, 'read', () => store.members(tag, cursor)),
    add: (key, ...rest) => guarded('add', key, 'write', () => store.add(key, ...rest)),
    counters,
    usage,
    confirmed: () => ofNoKey('confirmed', () => store.confirmed(), longDeadlines),
    listen: (listener) => store.listen(listener),
    coherentUntil: (key) => store.coherentUntil(key),
    hearsDrops: (base) => store.hearsDrops(base),
    ...(shard !== undefined && { shardOf: shard }),
    ping: () => ofNoKey('ping', () => store.ping()),
    close,
  };
}

interface Guard {
  /** The last that was asked for; empty: none yet. */
  key: string;
  readonly circuits: ShardCircuits;
  /** @param kind the same for all calls of the operation */
  observerOf(operation: StoreOperation, kind: 'read' | 'write'): CallObserver;
}

function createGuard(circuits: ShardCircuits, counts: StoreCounts): Guard {
  const { calls, writes } = circuits;
  const observers = new Map<StoreOperation, CallObserver>();

  function createObserver(operation: StoreOperation, kind: 'read' | 'write'): CallObserver {
    const written = () => {
      calls.observer.succeeded();
      writes.observer.succeeded();
    };
    return {
      succeeded: kind === 'write' ? written : calls.observer.succeeded,
      failed(error) {
        countFailure(counts, operation, error);
        calls.observer.failed(error);
        writes.observer.failed(error);
      },
    };
  }

  return {
    key: '',
    circuits,
    observerOf(operation, kind) {
      let observer = observers.get(operation);
      if (observer === undefined) {
        observer = createObserver(operation, kind);
        observers.set(operation, observer);
      }
      return observer;
    },
  };
}

/** A key beside another, in its slot, that holds nothing but probes: what is there may be of any type. */
function besideOf(key: string): string {
  return companionKey(key, 'probe') ?? key;
}

function worst(states: readonly ShardState[]): ShardState {
  if (states.includes('away')) return 'away';
  return states.includes('unwritable') ? 'unwritable' : 'available';
}

const IGNORED: CallObserver = { succeeded: () => {}, failed: () => {} };
