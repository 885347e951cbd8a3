import { CachegateError } from '../../errors.ts';

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
  let operations = 0;
  let bytes = 0;
  let onDrained: (() => void)[] = [];

  function leave(fewer: number, lessBytes: number): void {
    operations -= fewer;
    bytes -= lessBytes;
    if (operations > 0) return;
    for (const resolve of onDrained) resolve();
    onDrained = [];
  }

  return {
    async run(more, moreBytes, ask) {
      if (operations >= maxOperations || bytes >= maxBytes) {
        throw new CachegateError(
          'ERR_STORE_OVERLOADED',
          `Store overloaded: ${operations} operations wait for it`,
        );
      }
      operations += more;
      bytes += moreBytes;
      try {
        return await ask();
      } finally {
        leave(more, moreBytes);
      }
    },
    drained: () => (operations === 0 ? Promise.resolve() : new Promise((resolve) => onDrained.push(resolve))),
  };
}
