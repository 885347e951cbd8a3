import { createInFlight } from '../in-flight.ts';

/** Counts what waits for the service, in operations and bytes, so that it stays within bounds. */
export interface Admission {
  /**
   * Waits for what `ask` gives, and counts it so long.
   *
   * @throws CachegateError `ERR_STORE_OVERLOADED` when a bound is reached.
   */
  run<T>(operations: number, bytes: number, ask: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is waited for. */
  drained(): Promise<void>;
}

export function createAdmission(maxOperations: number, maxBytes: number): Admission {
  const inFlight = createInFlight(maxOperations, maxBytes);
  return {
    async run(operations, bytes, ask) {
      inFlight.enter(operations, bytes);
      try {
        return await ask();
      } finally {
        inFlight.leave(operations, bytes);
      }
    },
    drained: inFlight.drained,
  };
}
