import { CachegateError } from '../../errors.ts';
import { storeFailure } from '../../store/reading.ts';
import type { MaybePromise, Store } from '../../store/store.ts';
import { isOfOneKey } from '../../store/store-errors.ts';

/** The calls of a store that records need. What fails in them has a code, so that it is never taken for another's error. */
export type CodedCalls = Pick<Store, 'get' | 'set' | 'replace' | 'drop'>;

export function codedCalls(store: Store): CodedCalls {
  return {
    get: (keys) => coded(() => store.get(keys)),
    set: (...args) => coded(() => store.set(...args)),
    replace: (...args) => coded(() => store.replace(...args)),
    drop: (...args) => coded(() => store.drop(...args)),
  };
}

function coded<T>(call: () => MaybePromise<T>): MaybePromise<T> {
  try {
    const answer = call();
    return answer instanceof Promise ? answer.catch(rethrow) : answer;
  } catch (error) {
    return rethrow(error);
  }
}

function rethrow(error: unknown): never {
  throw storeFailure(error);
}

/** The error if it says that the store is away: neither of one key or value alone, nor another's than the store's. */
export function awayError(error: unknown): CachegateError | null {
  if (!(error instanceof CachegateError) || !error.code.startsWith('ERR_STORE_')) return null;
  return error.code === 'ERR_STORE_VALUE_TOO_LARGE' || isOfOneKey(error) ? null : error;
}
