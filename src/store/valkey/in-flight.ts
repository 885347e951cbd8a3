import { CachegateError } from '../../errors.ts';

/** Counts the operations that wait for the server, so that they stay within a bound. */
export interface InFlight {
  /** @throws CachegateError `ERR_STORE_OVERLOADED` when the bound is reached. */
  enter(operations: number): void;
  leave(operations: number): void;
  /** Resolves when nothing is waiting. */
  drained(): Promise<void>;
}

export function createInFlight(bound: number): InFlight {
  let operations = 0;
  let onDrained: (() => void)[] = [];
  return {
    enter(more) {
      if (operations >= bound) {
        throw new CachegateError(
          'ERR_STORE_OVERLOADED',
          `Store overloaded: ${operations} operations wait for it`,
        );
      }
      operations += more;
    },
    leave(fewer) {
      operations -= fewer;
      if (operations > 0) return;
      for (const resolve of onDrained) resolve();
      onDrained = [];
    },
    drained: () => (operations === 0 ? Promise.resolve() : new Promise((resolve) => onDrained.push(resolve))),
  };
}
