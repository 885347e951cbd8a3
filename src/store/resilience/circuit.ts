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
  /** Asks what has failed once more. */
  readonly probe: () => Promise<unknown>;
  readonly random: () => number;
  /** `error`: what opened it; `null` when it has closed. */
  readonly onChange: (error: unknown) => void;
}

/** Whether to ask: a circuit breaker with its probes. */
export interface Circuit {
  /** Why not to ask, one error for all the calls that may come meanwhile; `null`: ask. */
  readonly refusal: CachegateError | null;
  readonly observer: CallObserver;
  /** No more probes. */
  stop(): void;
}

/** While it is open, a probe is made 100 ms to 2 s apart until one is answered. */
export function createCircuit({
  refusal: text,
  isFailure,
  isAnswer,
  probe,
  random,
  onChange,
  ...options
}: CircuitOptions): Circuit {
  const breaker = createCircuitBreaker(options.breaker);
  let refusal: CachegateError | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  function failed(error: unknown): void {
    if (stopped || !isFailure(error)) return;
    if (!breaker.failed(hasCode(error, 'ERR_STORE_TIMEOUT') ? 'timeout' : 'failure')) return;
    refusal = new CachegateError('ERR_STORE_CIRCUIT_OPEN', text, { cause: error });
    probeLater();
    onChange(error);
  }

  function probeLater(): void {
    timer = setTimeout(() => void tryAgain(), breaker.nextProbeAfterMs(random()));
    timer.unref();
  }

  async function tryAgain(): Promise<void> {
    const failure = await probe().then(
      () => null,
      (error: unknown) => error,
    );
    if (stopped) return;
    if (failure !== null && !isAnswer(failure)) return probeLater();
    breaker.close();
    refusal = null;
    onChange(null);
  }

  return {
    get refusal() {
      return refusal;
    },
    observer: { succeeded: breaker.succeeded, failed },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
