import type { Store } from '../store/store.ts';

/** A store that stays open when who was lent it closes it. */
export function lentStore(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'close') return leave;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const leave = async () => {};
