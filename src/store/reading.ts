import { CachegateError } from '../errors.ts';
import type { MaybePromise, Store, StoredValue } from './store.ts';

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

/** Reads `keys`, at once when the store answers at once; failures come as readings, nothing is thrown. */
export function readAll(store: Store, keys: readonly string[]): MaybePromise<Reading[]> {
  try {
    const values = store.get(keys);
    if (!(values instanceof Promise)) return values.map(toReading);
    return values.then(
      (found) => found.map(toReading),
      (error: unknown) => keys.map(() => toFailure(error)),
    );
  } catch (error) {
    return keys.map(() => toFailure(error));
  }
}

/** The same for one key. */
export function readOne(store: Store, key: string): MaybePromise<Reading> {
  try {
    const values = store.get([key]);
    return values instanceof Promise
      ? values.then(([value]) => toReading(value ?? null), toFailure)
      : toReading(values[0] ?? null);
  } catch (error) {
    return toFailure(error);
  }
}

function toReading(value: StoredValue | null): Reading {
  return value === null ? ABSENT : { ok: true, value };
}

function toFailure(error: unknown): Reading {
  return { ok: false, error: storeFailure(error) };
}
