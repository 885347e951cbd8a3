import type { Clock } from '../clock.ts';
import { CachegateError } from '../errors.ts';
import type { Correlated, PurgeObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import { storeFailure } from '../store/reading.ts';
import type { DropOptions, Store } from '../store/store.ts';
import { type PurgePlan, type PurgeTargets, planPurge } from './purge-plan.ts';
import { checkedPurge, type Purge, type PurgeRequest, type PurgeResult } from './purge-request.ts';

export interface PurgerOptions {
  /** `null`: nothing is stored, so nothing can be purged. */
  readonly store: Store | null;
  readonly keys: Pick<StoreKeys, 'tag' | 'serviceTags'>;
  readonly targets: PurgeTargets;
  readonly clock: Clock;
  readonly observer: PurgeObserver;
}

export interface Purger {
  /**
   * Purges for every process that shares the store: at once in the store, and within milliseconds in what processes keep
   * of it; with `wait`, before the answer. A response that is on its way from its origin meanwhile is not stored.
   * @throws CachegateError `ERR_PURGE_INVALID`, `ERR_PURGE_NO_SERVICE`, or `ERR_PURGE_INCOMPLETE` when the store failed:
   * nothing or not all is purged, or some process has not confirmed it; to be repeated
   */
  purge(request: PurgeRequest, correlated: Correlated): Promise<PurgeResult>;
}

// A service's index has many tags; so many of them are dropped at a time.
const DROPS_AT_ONCE = 8;

export function createPurger({ store, keys, targets, clock, observer }: PurgerOptions): Purger {
  async function carryOut({ mode, wait }: Purge, plan: PurgePlan): Promise<number> {
    if (store === null) return 0;
    const options: DropOptions = mode === 'soft' ? { markedAt: clock.now() } : {};
    const purged = (await dropAll(store, plan, options)).reduce((sum, count) => sum + count, 0);
    if (wait) await store.confirmed();
    return purged;
  }

  return {
    async purge(request, correlated) {
      const purge = checkedPurge(request);
      const plan = planPurge(purge, targets, keys);
      const startedAt = clock.now();
      const purged = await carryOut(purge, plan).catch((error: unknown) => {
        const cause = storeFailure(error);
        observer.purgeFailed?.(purge, cause, correlated);
        throw new CachegateError('ERR_PURGE_INCOMPLETE', INCOMPLETE, { cause });
      });
      observer.purged?.({ ...purge, purged, durationMs: clock.now() - startedAt }, correlated);
      return { purged };
    },
  };
}

const INCOMPLETE = 'The store failed: nothing or not all was purged, or not every process has heard of it';

/** Drops all that can be dropped: a part of the store that is away is no reason to leave the others as they are. */
async function dropAll(store: Store, { bases, tagSets }: PurgePlan, options: DropOptions): Promise<number[]> {
  const drops = tagSets.map((tags) => async () => store.dropTagged(tags, options));
  if (bases.length > 0) drops.push(async () => store.drop(bases, options));
  const results: PromiseSettledResult<number>[] = [];
  for (let i = 0; i < drops.length; i += DROPS_AT_ONCE) {
    const some = drops.slice(i, i + DROPS_AT_ONCE).map((drop) => drop());
    results.push(...(await Promise.allSettled(some)));
  }
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
