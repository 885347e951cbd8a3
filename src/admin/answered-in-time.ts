import { within } from '../deadline.ts';
import { CachegateError } from '../errors.ts';

// Longer than a purge of a large service takes, shorter than who asks waits.
const DEADLINE_MS = 30_000;

/**
 * Waits for an operation, for 30 s at most; it goes on all the same.
 * @throws CachegateError `ERR_STORE_TIMEOUT`
 */
export function answeredInTime<T>(work: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  const text = `There was no answer within ${deadlineMs / 1_000} seconds; it may be carried out all the same`;
  return within(deadlineMs, work, () => new CachegateError('ERR_STORE_TIMEOUT', text));
}
