import type { Background } from '../background.ts';
import type { StoreObserver } from '../observe/observer.ts';
import { backoffMs } from '../store/backoff.ts';
import type { StoreKeys } from '../store/keys.ts';
import { storeFailure } from '../store/reading.ts';
import type { Store } from '../store/store.ts';
import type { CacheRequest } from './cache-request.ts';

/** Drops what has become invalid, and sees to it that the store hears of it. */
export interface PendingDrops {
  /** Resolves when the store has dropped them, or is known to be away. Never rejects. */
  drop(request: CacheRequest, bases: readonly string[]): Promise<void>;
  /** Whether what the store holds for a request is to be dropped still: it is neither used nor added to until then. */
  covers(request: CacheRequest): boolean;
}

export interface PendingDropsOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly observer: StoreObserver;
  /** Where the next attempt is made that no timer may be set for: with a request that comes later; `null`: by a timer. */
  readonly background?: Background | null;
  /** So many are remembered one by one; past that, all of their services' responses are to be dropped. */
  readonly max?: number;
}

/** What a drop is about beside its group: what is keyed by content for the same target. */
interface Pending {
  readonly service: string;
  readonly byContent: boolean;
}

const MAX_PENDING = 10_000;
const AT_ONCE = 100;

/**
 * A store that is away misses the invalidations of that time (RFC 9111 §4.4): they are told to it when it is back, before
 * anything else of those groups. What a process had still to tell when it ended is lost.
 */
export function createPendingDrops(options: PendingDropsOptions): PendingDrops {
  const { store, keys, observer, background = null, max = MAX_PENDING } = options;
  const pending = new Map<string, Pending>();
  /** Those of which more had to be remembered than there was room for. */
  const services = new Map<string, object>();
  let attempts = 0;
  /** An attempt is due, or under way. */
  let isToRetry = false;
  let retryAt = Infinity;

  async function tell(bases: readonly string[], byContent: readonly string[]): Promise<void> {
    const tags = byContent.map((base) => keys.targetTag(base));
    await Promise.all([store.drop(bases), ...tags.map((tag) => store.dropTagged([tag]))]);
  }

  function remember(request: CacheRequest, bases: readonly string[]): void {
    const { service, hasSeveralKeys: byContent } = request;
    for (const base of bases) {
      if (pending.size < max || pending.has(base)) pending.set(base, { service, byContent });
      else services.set(service, {});
    }
    retryLater();
  }

  function retryLater(): void {
    if (isToRetry) return;
    isToRetry = true;
    attempts += 1;
    const waitMs = backoffMs(attempts, Math.random());
    if (background === null) setTimeout(() => void retry(), waitMs).unref();
    else retryAt = performance.now() + waitMs;
  }

  function retryIfDue(): void {
    if (performance.now() < retryAt) return;
    // Once it can't be run, the next request may.
    if (background!.run(retry)) retryAt = Infinity;
  }

  async function retry(): Promise<void> {
    try {
      await replay();
      attempts = 0;
    } catch (error) {
      if (storeFailure(error).code === 'ERR_STORE_CLOSED') forget();
    }
    isToRetry = false;
    if (pending.size + services.size > 0) retryLater();
  }

  function forget(): void {
    pending.clear();
    services.clear();
  }

  /** What is remembered anew meanwhile is another object, and stays. */
  async function replay(): Promise<void> {
    for (const [service, each] of [...services]) {
      for (const tag of keys.serviceTags(service)) await store.dropTagged([tag]);
      if (services.get(service) === each) services.delete(service);
    }
    while (pending.size > 0) {
      const next = [...pending].slice(0, AT_ONCE);
      await tell(
        next.map(([base]) => base),
        next.filter(([, { byContent }]) => byContent).map(([base]) => base),
      );
      for (const [base, each] of next) if (pending.get(base) === each) pending.delete(base);
    }
  }

  return {
    async drop(request, bases) {
      try {
        await tell(bases, request.hasSeveralKeys ? bases : []);
      } catch (error) {
        remember(request, bases);
        observer.storeFailed?.('response cache', 'write', storeFailure(error), request);
      }
    },
    covers(request) {
      if (pending.size === 0 && services.size === 0) return false;
      retryIfDue();
      const { key, service, targetKey } = request;
      return pending.has(key) || services.has(service) || (targetKey !== null && pending.has(targetKey));
    },
  };
}
