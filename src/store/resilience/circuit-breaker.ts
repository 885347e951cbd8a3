import { backoffMs } from '../backoff.ts';

export interface CircuitBreakerOptions {
  /** Failures in a row, timeouts among them, that open the circuit. */
  readonly failures: number;
  /** Timeouts in a row that open it: fewer, since each costs a whole deadline. */
  readonly timeouts: number;
}

export const DEFAULT_BREAKER: CircuitBreakerOptions = { failures: 5, timeouts: 3 };

/** Whether to ask at all, judged by how the last calls went. Knows no timers: its owner probes when told to. */
export interface CircuitBreaker {
  isOpen(): boolean;
  /** A call was answered. One that was made before the circuit opened does not close it. */
  succeeded(): void;
  /** A call failed (`silence`: by a deadline, and nothing was answered meanwhile). Answers whether that opened the circuit. */
  failed(kind: 'failure' | 'timeout' | 'silence'): boolean;
  /** Milliseconds to wait before the next probe. */
  nextProbeAfterMs(random: number): number;
  /** A probe was answered: closes the circuit. */
  close(): void;
}

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  let open = false;
  let failures = 0;
  let timeouts = 0;
  let probes = 0;

  function reset(): void {
    failures = 0;
    timeouts = 0;
  }

  return {
    isOpen: () => open,
    succeeded: reset,
    failed(kind) {
      if (open) return false;
      failures += 1;
      timeouts = kind === 'failure' ? 0 : timeouts + 1;
      open = kind === 'silence' || failures >= options.failures || timeouts >= options.timeouts;
      return open;
    },
    nextProbeAfterMs(random) {
      probes += 1;
      return backoffMs(probes, random);
    },
    close() {
      open = false;
      probes = 0;
      reset();
    },
  };
}
