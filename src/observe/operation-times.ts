import type { Log } from './log.ts';

/** What of a request takes time: a look-up in the store, an exchange with the origin, a save into the store. */
export type CacheOperation = 'lookup' | 'backend_request' | 'save';

/** Whole microseconds are enough of a duration in milliseconds. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** One line: of one operation, or of the mean of so many. */
export function logOperationTime(
  log: Log,
  operation: CacheOperation,
  durationMs: number,
  fields: Readonly<Record<string, unknown>>,
): void {
  log.info(
    { ...fields, cache_operation_type: operation, duration_ms: roundMs(durationMs) },
    `Cache operation '${operation}' took ${durationMs.toFixed(2)}ms`,
  );
}

/** How long operations take on average. A line for each would cost a hit more than the hit does. */
export class OperationMeans {
  #count = 0;
  #sumMs = 0;
  readonly #operation: CacheOperation;

  constructor(operation: CacheOperation) {
    this.#operation = operation;
  }

  add(durationMs: number): void {
    this.#count++;
    this.#sumMs += durationMs;
  }

  /** Tells of what was added since the last time, if anything was. */
  tell(log: Log): void {
    if (this.#count === 0) return;
    logOperationTime(log, this.#operation, this.#sumMs / this.#count, { operations: this.#count });
    this.#count = 0;
    this.#sumMs = 0;
  }
}
