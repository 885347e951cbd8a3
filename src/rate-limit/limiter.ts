import type { Clock } from '../clock.ts';
import type { CachegateError } from '../errors.ts';
import type { Correlated } from '../observe/observer.ts';
import type { LocalWindows } from '../store/local-windows.ts';
import { storeFailure } from '../store/reading.ts';
import type { MaybePromise, RateRule, Store, TakeResult } from '../store/store.ts';
import { createSettledCounts } from './settled-counts.ts';

/** A limit with the name it has in the `RateLimit` fields. */
export interface Limit {
  readonly name: 'session' | 'address';
  readonly rule: RateRule;
}

export interface LimiterOptions {
  readonly limit: Limit;
  /** `null`: counted in this process alone. */
  readonly store: Store | null;
  /** Counts while the store is away. */
  readonly local: LocalWindows;
  readonly clock: Clock;
  /** Lets in at once what the store allows by what it last said, and tells it soon after (`SettledCounts`). */
  readonly settles?: boolean;
  /** Told of each request that was counted, or not let in. */
  readonly onJudged?: (allowed: boolean) => void;
  readonly onStoreFailure: (error: CachegateError, request: Correlated) => void;
}

export interface Limiter {
  readonly limit: Limit;
  /** Counts one request of `key`. Never rejects: while the store is away this process counts alone. */
  take(key: string, request: Correlated): MaybePromise<TakeResult>;
  /** The same without asking the store, for a request that has already found it away. */
  takeLocally(key: string): TakeResult;
  /** Tells the store what it has not been told yet; resolves when all has been answered. Never rejects. */
  settle(): Promise<void>;
}

export function createLimiter(options: LimiterOptions): Limiter {
  const { limit, store, local, clock, settles = false, onJudged } = options;
  const rules = [limit.rule];
  const countLocally = (key: string) => local.take(key, rules, clock.now());
  const judged = (taken: TakeResult) => {
    onJudged?.(taken.allowed);
    return taken;
  };
  const settled =
    settles && store !== null ? createSettledCounts({ rule: limit.rule, store, local, clock }) : null;

  function ask(key: string): MaybePromise<TakeResult> {
    if (store === null) return countLocally(key);
    return settled === null ? store.take(key, rules) : settled.take(key);
  }

  function fallBack(key: string, request: Correlated, error: unknown): TakeResult {
    options.onStoreFailure(storeFailure(error), request);
    return countLocally(key);
  }

  return {
    limit,
    takeLocally: (key) => judged(countLocally(key)),
    take(key, request) {
      try {
        const taken = ask(key);
        return taken instanceof Promise
          ? taken.catch((error: unknown) => fallBack(key, request, error)).then(judged)
          : judged(taken);
      } catch (error) {
        return judged(fallBack(key, request, error));
      }
    },
    settle: async () => settled?.settle(),
  };
}
