import { CachegateError } from '../errors.ts';
import type { MaybePromise, StoredValue } from './store.ts';

/** What a read brought. A store that could not be asked is never mistaken for a value that is not there. */
export type Reading =
  | { readonly ok: true; readonly value: StoredValue | null }
  | { readonly ok: false; readonly error: CachegateError };

export const ABSENT: Reading = { ok: true, value: null };

/** Turns any failure of a store into an error with a code. */
export function storeFailure(error: unknown): CachegateError {
  if (error instanceof CachegateError) return error;
  return new CachegateError('ERR_STORE_UNAVAILABLE', 'Store failed', { cause: error });
}

/** Reads by `read`, at once when the store answers at once; failures come as readings, nothing is thrown. */
export function readAll(
  read: () => MaybePromise<(StoredValue | null)[]>,
  count: number,
): MaybePromise<Reading[]> {
  const fail = (error: unknown): Reading[] =>
    new Array(count).fill({ ok: false, error: storeFailure(error) } satisfies Reading);
  try {
    const values = read();
    return values instanceof Promise ? values.then(toReadings, fail) : toReadings(values);
  } catch (error) {
    return fail(error);
  }
}

function toReadings(values: (StoredValue | null)[]): Reading[] {
  return values.map((value) => (value === null ? ABSENT : { ok: true, value }));
}
