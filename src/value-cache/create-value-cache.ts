import { randomUUID } from 'node:crypto';
import type { Background } from '../background.ts';
import type { StoreObserver, ValueObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import { readOne, storeFailure } from '../store/reading.ts';
import type { MaybePromise, Store } from '../store/store.ts';
import type { ValueCache, ValueOptions } from './value-cache.ts';
import { createValueFlights, type ValueForm } from './value-flights.ts';
import { decodeValue, encodeValue } from './value-form.ts';
import { VALUE_SERVICE, valueIndexTag, valueKey, valueTags, valueTtlMs } from './value-names.ts';

export interface ValueCacheOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly background: Background;
  readonly observer: StoreObserver & ValueObserver;
}

const JSON_FORM: ValueForm<unknown> = {
  encode: (value) => (value === undefined || value === null ? null : encodeValue(value)),
  decode: ({ bytes }) => decodeValue(bytes),
};

/** Values on the store port. A store that fails costs what is cached, and never a call of `remember`. */
export function createValueCache({ store, keys, background, observer }: ValueCacheOptions): ValueCache {
  const onFailure = (operation: 'read' | 'write', error: unknown) =>
    observer.storeFailed?.('value cache', operation, storeFailure(error), { correlationId: randomUUID });
  const flights = createValueFlights({
    ...{ store, background, form: JSON_FORM },
    onFailure: (error) => onFailure('write', error),
  });

  /** The value under a key of the store; told apart from a store that could not say, which is a miss all the same. */
  async function find(base: string): Promise<{ readonly asked: boolean; readonly value: unknown }> {
    const reading = await readOne(store, base);
    if (!reading.ok) onFailure('read', reading.error);
    const bytes = reading.ok ? reading.value?.bytes : undefined;
    const value = bytes === undefined ? undefined : decodeValue(bytes);
    observer.valueLookedUp?.(VALUE_SERVICE, value !== undefined);
    return { asked: reading.ok, value };
  }

  async function orTold<T>(call: () => MaybePromise<T>, otherwise: T): Promise<T> {
    try {
      return await call();
    } catch (error) {
      onFailure('write', error);
      return otherwise;
    }
  }

  async function drop(base: string): Promise<boolean> {
    flights.forget(base);
    return (await orTold(() => store.drop([base]), 0)) > 0;
  }

  function writeOf(key: string, options: ValueOptions) {
    const group = valueKey(keys, key);
    return { group, ttlMs: valueTtlMs(options), tags: valueTags(keys, options.tags) };
  }

  /** What is written is found as one of all values too. */
  function indexed(write: ReturnType<typeof writeOf>, key: string) {
    return { ...write, tags: [...write.tags, valueIndexTag(keys, key)] };
  }

  return {
    async get<T>(key: string) {
      return (await find(valueKey(keys, key))).value as T | undefined;
    },
    async set(key, value, options) {
      const { group, ttlMs, tags } = indexed(writeOf(key, options), key);
      if (value === undefined || value === null) {
        // Nothing is kept of it, and what it takes the place of is no longer so.
        await drop(group);
        return false;
      }
      const bytes = encodeValue(value);
      flights.forget(group);
      return orTold(() => store.set(group, bytes, ttlMs, { group, tags }), false);
    },
    delete: async (key) => drop(valueKey(keys, key)),
    async remember<T>(key: string, options: ValueOptions, make: () => Promise<T>) {
      const write = writeOf(key, options);
      const { asked, value } = await find(write.group);
      if (value !== undefined) return value as T;
      return flights.join(indexed(write, key), make, asked) as Promise<T>;
    },
    async invalidate(...tags) {
      const named = valueTags(keys, tags);
      if (named.length === 0) return 0;
      flights.forgetAll();
      try {
        return await store.dropTagged(named);
      } catch (error) {
        throw storeFailure(error);
      }
    },
  };
}
