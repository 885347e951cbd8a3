import { CachegateError } from '../errors.ts';
import type { StoreKeys } from '../store/keys.ts';
import { VALUE_SERVICE, valueTags } from '../value-cache/value-names.ts';
import type {
  AsyncFunction,
  CachedFunction,
  CachedOptions,
  CachedResults,
  FunctionCache,
} from './cached-function.ts';
import { type FunctionPlan, planFunction } from './function-plan.ts';
import type { LazyResults } from './lazy-results.ts';

/** As many functions at most are counted by themselves: each is a series of the metrics. */
const MAX_COUNTED = 100;

/** Makes cached functions of functions, on results that may have yet to be opened. */
export function createFunctions(lazy: LazyResults, keys: StoreKeys): FunctionCache {
  const counted = new Set<string>();

  function countedOf(name: string): string {
    if (counted.size < MAX_COUNTED) counted.add(name);
    return counted.has(name) ? name : VALUE_SERVICE;
  }

  function cached<F extends AsyncFunction>(fn: F, options: CachedOptions<F>): CachedFunction<F> {
    if (typeof fn !== 'function') throw notCallable();
    const plan = planFunction(options, keys, countedOf);
    const wrapped = wrap(fn as unknown as Callable, plan, lazy);
    // It says of itself what the function says: its name, and how many parameters it has.
    for (const field of ['name', 'length'] as const) {
      Object.defineProperty(wrapped, field, { value: fn[field], configurable: true });
    }
    return Object.assign(wrapped, fn, ofResults(plan, lazy)) as unknown as CachedFunction<F>;
  }

  return {
    cached,
    async invalidate(...tags) {
      const named = valueTags(keys, tags);
      return named.length === 0 ? 0 : (await lazy.neededResults()).dropTagged(named);
    },
    close: () => lazy.close(),
  };
}

function notCallable(): CachegateError {
  return new CachegateError('ERR_CONFIG_INVALID', 'A cached function is made of a function');
}

type Callable = (...args: readonly unknown[]) => Promise<unknown>;

function wrap(fn: Callable, plan: FunctionPlan, lazy: LazyResults): Callable {
  return async (...given) => {
    const base = plan.keyOf(given);
    const args = plan.argumentsOf(given);
    const opened = lazy.results();
    const results = opened instanceof Promise ? await opened : opened;
    if (results === null) return fn(...args);
    return results.answer({
      ...{ plan, base, tags: () => plan.tagsOf(base, args) },
      ...{ carryOut: () => fn(...args), isOfKey: () => plan.isKeyOf(base, args) },
    });
  };
}

function ofResults(plan: FunctionPlan, lazy: LazyResults): CachedResults<readonly unknown[]> {
  return {
    async invalidate(...args) {
      const base = plan.keyOf(args);
      return (await lazy.neededResults()).drop(base);
    },
    invalidateAll: async () => (await lazy.neededResults()).dropTagged([plan.nameTag]),
    key: (...args) => plan.keyOf(args),
  };
}
