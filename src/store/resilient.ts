import type { Clock } from '../clock.ts';
import { CachegateError, type ErrorCode } from '../errors.ts';
import { type CircuitBreakerOptions, createCircuitBreaker, DEFAULT_BREAKER } from './circuit-breaker.ts';
import { type CallObserver, createDeadlineQueue } from './deadline-queue.ts';
import type { MaybePromise, Store } from './store.ts';
import { storeClosed } from './store-errors.ts';

export type StoreState = 'available' | 'away';

export interface StateChange {
  readonly state: StoreState;
  /** The failure that opened the circuit, when the store is away. */
  readonly error?: unknown;
}

export interface ResilientStore extends Store {
  readonly state: StoreState;
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

/** Errors that say nothing about whether the store answers. */
const NO_FAILURE: ReadonlySet<ErrorCode> = new Set([
  'ERR_STORE_VALUE_TOO_LARGE',
  'ERR_STORE_OVERLOADED',
  'ERR_STORE_CLOSED',
]);

const ignored: CallObserver = { succeeded: () => {}, failed: () => {} };

/**
 * A store that never makes its caller wait long: a call has a deadline (`ERR_STORE_TIMEOUT`), and while the store
 * is away calls fail at once (`ERR_STORE_CIRCUIT_OPEN`) until a `ping`, tried 100 ms to 2 s apart, is answered.
 * What the store answers at once is passed on at once.
 */
export function createResilientStore(store: Store, options: ResilientStoreOptions = {}): ResilientStore {
  const { deadlineMs = 250, clock = monotonicClock, onStateChange, random = Math.random } = options;
  const breaker = createCircuitBreaker({ ...DEFAULT_BREAKER, ...options.breaker });
  const deadlines = createDeadlineQueue(
    deadlineMs,
    clock,
    () => new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout'),
  );
  /** What every call is refused with: one error while the circuit is open, since there may be many calls. */
  let refusal: CachegateError | null = null;
  let closed = false;
  let probeTimer: NodeJS.Timeout | undefined;

  const observer: CallObserver = { succeeded: breaker.succeeded, failed };

  function failed(error: unknown): void {
    const code = error instanceof CachegateError ? error.code : undefined;
    if (closed || (code !== undefined && NO_FAILURE.has(code))) return;
    if (!breaker.failed(code === 'ERR_STORE_TIMEOUT' ? 'timeout' : 'failure')) return;
    refusal = new CachegateError('ERR_STORE_CIRCUIT_OPEN', 'Store unavailable', { cause: error });
    probeLater();
    onStateChange?.({ state: 'away', error });
  }

  function probeLater(): void {
    probeTimer = setTimeout(() => void probe(), breaker.nextProbeAfterMs(random()));
    probeTimer.unref();
  }

  async function probe(): Promise<void> {
    const answered = await deadlines.race(store.ping(), ignored).then(
      () => true,
      () => false,
    );
    if (closed) return;
    if (!answered) return probeLater();
    breaker.close();
    refusal = null;
    onStateChange?.({ state: 'available' });
  }

  function guarded<A extends unknown[], T>(call: (...args: A) => MaybePromise<T>) {
    return (...args: A): MaybePromise<T> => {
      if (refusal !== null) return Promise.reject(refusal);
      const answer = observed(call, args);
      return answer instanceof Promise ? deadlines.race(answer, observer) : answer;
    };
  }

  function observed<A extends unknown[], T>(call: (...args: A) => MaybePromise<T>, args: A): MaybePromise<T> {
    try {
      const answer = call(...args);
      if (!(answer instanceof Promise)) breaker.succeeded();
      return answer;
    } catch (error) {
      failed(error);
      throw error;
    }
  }

  async function close(): Promise<void> {
    closed = true;
    refusal = storeClosed();
    clearTimeout(probeTimer);
    await store.close();
    deadlines.stop();
  }

  const ping = guarded(() => store.ping());
  return {
    kind: store.kind,
    get state() {
      return breaker.isOpen() ? 'away' : 'available';
    },
    get: guarded((keys) => store.get(keys)),
    set: guarded((key, bytes, ttlMs, setOptions) => store.set(key, bytes, ttlMs, setOptions)),
    delete: guarded((keys) => store.delete(keys)),
    take: guarded((key, rules) => store.take(key, rules)),
    ping: async () => ping(),
    close,
  };
}
