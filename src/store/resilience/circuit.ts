import type { Clock } from '../../clock.ts';
import { CachegateError, hasCode } from '../../errors.ts';
import { type CircuitBreakerOptions, createCircuitBreaker } from './circuit-breaker.ts';
import type { CallObserver } from './deadline-queue.ts';

export interface CircuitOptions {
  readonly breaker: CircuitBreakerOptions;
  /** What every call is refused with while the circuit is open. */
  readonly refusal: string;
  /** Whether an error is a reason to ask no more. */
  readonly isFailure: (error: unknown) => boolean;
  /** Whether a probe that failed so was answered all the same. */
  readonly isAnswer: (error: unknown) => boolean;
  /** Asks what has failed once more; `null`: the next call does, since nothing may happen between calls. */
  readonly probe: (() => Promise<unknown>) | null;
  /** A timeout opens it at once if nothing was answered for so many milliseconds; `null`: it does not. */
  readonly silentMs: number | null;
  /** Milliseconds that never go back. */
  readonly clock: Clock;
  readonly random: () => number;
  /** `error`: what opened it; `null` when it has closed. */
  readonly onChange: (error: unknown) => void;
}

/** Whether to ask: a circuit breaker with its probes. */
export interface Circuit {
  /** Why it is open, one error for all the calls that may come meanwhile; `null`: it is closed. */
  readonly refusal: CachegateError | null;
  /** Why not to ask now; `null`: ask. */
  refuses(): CachegateError | null;
  readonly observer: CallObserver;
  /** No more probes. */
  stop(): void;
}

/** A call that finds out whether the store is back has its caller wait: no more often than this. */
const TRIAL_MS = 1_000;

/**
 * While it is open, a probe is made 100 ms to 2 s apart until one is answered. Where nothing may happen between calls,
 * the calls of one turn are let through that far apart instead (a second at least), and close it when they are answered.
 */
export function createCircuit({
  refusal: text,
  isFailure,
  isAnswer,
  probe,
  silentMs,
  clock,
  random,
  onChange,
  ...options
}: CircuitOptions): Circuit {
  const breaker = createCircuitBreaker(options.breaker);
  let refusal: CachegateError | null = null;
  let answeredAt = Number.NEGATIVE_INFINITY;
  /** When calls may find out whether it answers again. */
  let trialAt = Number.POSITIVE_INFINITY;
  /** Calls that find it out are under way, */
  let trying = false;
  /** and more may join them: those of one turn of the event loop, which a request makes together. */
  let letsJoin = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  function kindOf(error: unknown): Parameters<typeof breaker.failed>[0] {
    if (!hasCode(error, 'ERR_STORE_TIMEOUT')) return 'failure';
    return silentMs !== null && clock.now() - answeredAt >= silentMs ? 'silence' : 'timeout';
  }

  function failed(error: unknown): void {
    if (stopped) return;
    if (trying) {
      if (isAnswer(error)) close();
      else if (isFailure(error)) tryLater();
      return;
    }
    if (!isFailure(error) || !breaker.failed(kindOf(error))) return;
    refusal = new CachegateError('ERR_STORE_CIRCUIT_OPEN', text, { cause: error });
    tryLater();
    onChange(error);
  }

  function succeeded(): void {
    if (silentMs !== null) answeredAt = clock.now();
    if (trying) close();
    else breaker.succeeded();
  }

  function refuses(): CachegateError | null {
    if (refusal === null || letsJoin) return null;
    if (clock.now() < trialAt) return refusal;
    // For one that is let through, and not made after all.
    trialAt = clock.now() + TRIAL_MS;
    trying = true;
    letsJoin = true;
    setImmediate(() => {
      letsJoin = false;
    });
    return null;
  }

  function close(): void {
    breaker.close();
    refusal = null;
    trying = false;
    trialAt = Number.POSITIVE_INFINITY;
    onChange(null);
  }

  function tryLater(): void {
    const delayMs = breaker.nextProbeAfterMs(random());
    if (probe === null) {
      trying = false;
      trialAt = clock.now() + Math.max(TRIAL_MS, delayMs);
      return;
    }
    timer = setTimeout(() => void tryAgain(probe), delayMs);
    timer.unref();
  }

  async function tryAgain(ask: () => Promise<unknown>): Promise<void> {
    const failure = await ask().then(
      () => null,
      (error: unknown) => error,
    );
    if (stopped) return;
    if (failure !== null && !isAnswer(failure)) return tryLater();
    close();
  }

  return {
    get refusal() {
      return refusal;
    },
    refuses,
    observer: { succeeded, failed },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
