import type { Clock } from '../../clock.ts';
import { CachegateError, hasCode } from '../../errors.ts';
import { companionKey } from '../group-keys.ts';
import type { DropOptions, MaybePromise, Store } from '../store.ts';
import { storeClosed } from '../store-errors.ts';
import { type CircuitBreakerOptions, DEFAULT_BREAKER } from './circuit-breaker.ts';
import { type CallObserver, createDeadlineQueue, type DeadlineQueue } from './deadline-queue.ts';
import { createShardCircuits, type ShardCircuits, type ShardState } from './shard-circuits.ts';

/** As the worst of its shards. */
export type StoreState = ShardState;

export interface StateChange {
  readonly state: StoreState;
  /** Which of several servers; empty where there is one. */
  readonly shard: string;
  /** The failure that opened a circuit. */
  readonly error?: unknown;
}

/** How calls went since the start. */
export interface StoreCounts {
  timeouts: number;
  /** Answered with an error, or not at all for want of a connection. */
  failures: number;
  /** Not made, since a circuit was open. */
  refused: number;
  /** Changes of state to `unwritable` and `away`. */
  outages: number;
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
  /** Called once for each change; the first state is `available`. */
  readonly onStateChange?: (change: StateChange) => void;
  readonly random?: () => number;
}

const monotonicClock: Clock = { now: () => performance.now() };
/** For what goes through many keys; each of its steps is short. */
const LONG_DEADLINE_MS = 60_000;
const PROBE_TTL_MS = 1_000;
const PROBE = Buffer.from('probe');

/**
 * A store that never makes its caller wait long: a call has a deadline (`ERR_STORE_TIMEOUT`), and while its shard is
 * away calls fail at once (`ERR_STORE_CIRCUIT_OPEN`) until a probe, tried 100 ms to 2 s apart, is answered. A shard
 * that refuses writes (`ERR_STORE_UNWRITABLE`) goes on being read, and deletes. What the store answers at once is
 * passed on at once.
 */
export function createResilientStore(store: Store, options: ResilientStoreOptions = {}): ResilientStore {
  const { deadlineMs = 250, clock = monotonicClock, onStateChange, random = Math.random } = options;
  const timeout = () => new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
  const deadlines = createDeadlineQueue(deadlineMs, clock, timeout);
  const longDeadlines = createDeadlineQueue(LONG_DEADLINE_MS, clock, timeout);
  const counts: StoreCounts = { timeouts: 0, failures: 0, refused: 0, outages: 0 };
  const guards = new Map<string, Guard>();
  let closed: CachegateError | null = null;

  function shardOf(key: string): Guard {
    const name = store.shardOf?.(key) ?? '';
    let guard = guards.get(name);
    if (guard === undefined) {
      guard = createGuard(
        createShardCircuits(
          name,
          probing(() => guards.get(name)!.key),
        ),
        counts,
      );
      guards.set(name, guard);
    }
    if (key !== '') guard.key = key;
    return guard;
  }

  /** @param keyOf a key that the shard was asked for: probes go beside it, which is allowed if it was. */
  const probing = (keyOf: () => string) => ({
    breaker: { ...DEFAULT_BREAKER, ...options.breaker },
    random,
    probe: async () => {
      const key = keyOf();
      // What calls ask for, since a server that refuses that may answer a ping.
      const answer = key === '' ? store.ping() : store.get([besideOf(key)]);
      return deadlines.race(Promise.resolve(answer), IGNORED);
    },
    probeWrite: async () => {
      const written = store.set(besideOf(keyOf()), PROBE, PROBE_TTL_MS);
      return deadlines.race(Promise.resolve(written), IGNORED);
    },
    onChange: (shard: string, state: ShardState, error: unknown) => {
      if (state !== 'available') counts.outages += 1;
      onStateChange?.({ state, shard, ...(error !== null && { error }) });
    },
  });

  /** Makes a call about `key`, unless what it needs is known to fail. */
  function guarded<T>(
    key: string,
    kind: 'read' | 'write',
    call: () => MaybePromise<T>,
    within: DeadlineQueue = deadlines,
  ): MaybePromise<T> {
    if (closed !== null) return Promise.reject(closed);
    const guard = shardOf(key);
    const refusal = guard.circuits.calls.refusal ?? (kind === 'write' ? guard.circuits.writes.refusal : null);
    if (refusal !== null) {
      counts.refused += 1;
      return Promise.reject(refusal);
    }
    try {
      const answer = call();
      if (answer instanceof Promise) return within.race(answer, guard.observer);
      guard.observer.succeeded();
      return answer;
    } catch (error) {
      guard.observer.failed(error);
      throw error;
    }
  }

  /** For what is of no key: where there are several shards, it says nothing about any one of them. */
  async function ofNoKey<T>(call: () => Promise<T>, within: DeadlineQueue = deadlines): Promise<T> {
    if (store.shardOf === undefined) return guarded('', 'read', call, within);
    if (closed !== null) throw closed;
    return within.race(call(), IGNORED);
  }

  /** That may take long, and is waited for long; whether anybody is there shows at once. */
  async function dropTagged(tags: readonly string[], dropOptions?: DropOptions): Promise<number> {
    const [tag = ''] = tags;
    await guarded(tag, 'read', () => store.get([besideOf(tag)]));
    return guarded(tag, 'read', () => store.dropTagged(tags, dropOptions), longDeadlines);
  }

  /** Groups may lie on several shards, of which one that is away is no reason to leave the others as they were. */
  function drop(bases: readonly string[], dropOptions?: DropOptions): MaybePromise<number> {
    const [base = '', ...others] = bases;
    if (others.length === 0 || store.shardOf === undefined) {
      return guarded(base, 'read', () => store.drop(bases, dropOptions));
    }
    return dropEach(bases, dropOptions);
  }

  async function dropEach(bases: readonly string[], dropOptions?: DropOptions): Promise<number> {
    const each = async (base: string) => guarded(base, 'read', () => store.drop([base], dropOptions));
    const results = await Promise.allSettled(bases.map(each));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return results.reduce((sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0), 0);
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
  }

  const { shardOf: shard } = store;
  return {
    kind: store.kind,
    get state() {
      return worst([...guards.values()].map(({ circuits }) => circuits.state));
    },
    counts,
    get: (keys) => guarded(keys[0] ?? '', 'read', () => store.get(keys)),
    set: (key, ...rest) => guarded(key, 'write', () => store.set(key, ...rest)),
    replace: (key, ...rest) => guarded(key, 'write', () => store.replace(key, ...rest)),
    delete: (keys) => guarded(keys[0] ?? '', 'read', () => store.delete(keys)),
    take: (key, ...rest) => guarded(key, 'write', () => store.take(key, ...rest)),
    begin: (base, lease) => guarded(base, 'write', () => store.begin(base, lease)),
    renew: (base, lease) => guarded(base, 'write', () => store.renew(base, lease)),
    end: (base, ...rest) => guarded(base, 'read', () => store.end(base, ...rest)),
    drop,
    dropTagged,
    members: (tag, cursor) => guarded(tag, 'read', () => store.members(tag, cursor)),
    confirmed: () => ofNoKey(() => store.confirmed(), longDeadlines),
    listen: (listener) => store.listen(listener),
    coherentUntil: (key) => store.coherentUntil(key),
    hearsDrops: (base) => store.hearsDrops(base),
    ...(shard !== undefined && { shardOf: shard }),
    ping: () => ofNoKey(() => store.ping()),
    close,
  };
}

interface Guard {
  /** The last that was asked for; empty: none yet. */
  key: string;
  readonly circuits: ShardCircuits;
  readonly observer: CallObserver;
}

function createGuard(circuits: ShardCircuits, counts: StoreCounts): Guard {
  const { calls, writes } = circuits;
  return {
    key: '',
    circuits,
    observer: {
      succeeded: calls.observer.succeeded,
      failed(error) {
        if (hasCode(error, 'ERR_STORE_TIMEOUT')) counts.timeouts += 1;
        else counts.failures += 1;
        calls.observer.failed(error);
        writes.observer.failed(error);
      },
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
