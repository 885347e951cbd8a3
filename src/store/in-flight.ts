import { CachegateError } from '../errors.ts';

/** Counts what waits for a server or service, in operations and bytes of values, so that it stays within bounds. */
export interface InFlight {
  /** @throws CachegateError `ERR_STORE_OVERLOADED` when a bound is reached. */
  enter(operations: number, bytes?: number): void;
  leave(operations: number, bytes?: number): void;
  /** Resolves when nothing is waiting. */
  drained(): Promise<void>;
}

export function createInFlight(maxOperations: number, maxBytes: number): InFlight {
  let operations = 0;
  let bytes = 0;
  let onDrained: (() => void)[] = [];
  return {
    enter(more, moreBytes = 0) {
      if (operations >= maxOperations || bytes >= maxBytes) {
        throw new CachegateError(
          'ERR_STORE_OVERLOADED',
          `Store overloaded: ${operations} operations wait for it`,
        );
      }
      operations += more;
      bytes += moreBytes;
    },
    leave(fewer, lessBytes = 0) {
      operations -= fewer;
      bytes -= lessBytes;
      if (operations > 0) return;
      for (const resolve of onDrained) resolve();
      onDrained = [];
    },
    drained: () => (operations === 0 ? Promise.resolve() : new Promise((resolve) => onDrained.push(resolve))),
  };
}
