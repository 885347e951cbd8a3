import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import type { RequestObserver, StoreObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Reading } from '../store/reading.ts';
import type { MaybePromise, Store } from '../store/store.ts';
import { createBodies } from './bodies.ts';
import { createByteBudget } from './byte-budget.ts';
import { type Forward, fromEntry, isOthersToo, UNSATISFIED } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest } from './cache-request.ts';
import { createCollapsedForwarding } from './collapsed-forwarding.ts';
import { type Foresight, foresight } from './foresight.ts';
import { createKeeper } from './keeper.ts';
import { AWAY, createLookup, type Found } from './lookup.ts';
import { createOpen } from './opening.ts';
import { createPassThrough } from './pass-through.ts';
import { createPendingDrops } from './pending-drops.ts';
import { createPlanner, type Planned } from './planner.ts';
import { createSaver } from './saver.ts';

export interface ResponseCacheOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly background: Background;
  readonly observer: StoreObserver & RequestObserver;
  /** Told that so many bytes more are kept in memory for as long as a value is that the store has given out. */
  readonly weigh?: (bytes: Buffer, more: number) => void;
  /** For so long at most a drop may go unheard before it is confirmed (`Store.confirmed`); 1,000 by default. */
  readonly unheardMs?: number;
  /** `false`: the process may stand still between requests, so that nothing may be due by a timer. By default it goes on. */
  readonly lasting?: boolean;
}

export interface ResponseCache {
  /**
   * Answers from what was read under the request's key, or from the origin. Stale responses stand in for an origin
   * that fails where RFC 5861, RFC 9111 §4.2.4 and the policy allow it.
   * @throws CachegateError `ERR_ORIGIN_*` when there is nothing to answer with
   */
  respond(request: CacheRequest, reading: Reading): MaybePromise<CacheAnswer>;
  /** What `respond` would do, without doing any of it. */
  foresee(request: CacheRequest, reading: Reading): Promise<Foresight>;
}

// Bodies on their way to clients and store hold so much in this process at most.
const MAX_HELD_BYTES = 256 * 1024 * 1024;

/** An HTTP cache on a store (RFC 9111): the engine decides, this carries it out. */
export function createResponseCache(options: ResponseCacheOptions): ResponseCache {
  const { clock, observer, background, lasting = true } = options;
  const budget = createByteBudget(MAX_HELD_BYTES);
  const drops = createPendingDrops({ ...options, background: lasting ? null : background });
  const lookup = createLookup(options);
  const bodies = createBodies({ ...options, budget });
  const planner = createPlanner(bodies, clock);
  const open = createOpen({ ...options, lookup, planner, drops });
  const keeper = createKeeper({ save: createSaver({ ...options, bodies, drops }), drops });
  const forwarding = createCollapsedForwarding({ ...options, open, keeper, budget });
  const passThrough = createPassThrough({ ...options, open, keeper, drops, forwarding, budget });

  function carryOut(request: CacheRequest, planned: Planned): MaybePromise<CacheAnswer> {
    const { plan, found, now } = planned;
    const { timing } = request;
    if (timing.lookupStartedAt !== 0) timing.lookupMs = performance.now() - timing.lookupStartedAt;
    switch (plan.action) {
      case 'reuse':
        if (plan.revalidateInBackground) forwarding.revalidate(request, planned);
        return fromEntry(request, found.entry!, now);
      case 'forward':
      case 'validate':
      case 'complete':
        return goOn(request, { plan, found, now });
      case 'unsatisfied':
        return UNSATISFIED;
    }
  }

  function goOn(request: CacheRequest, planned: Planned<Forward>): Promise<CacheAnswer> {
    const { plan } = planned;
    return isOthersToo(plan) ? forwarding.fetch(request, planned) : passThrough(request, planned);
  }

  function plannedFor(request: CacheRequest, found: Found): MaybePromise<CacheAnswer> {
    const planned = planner(request, found);
    return planned instanceof Promise
      ? planned.then((result) => carryOut(request, result))
      : carryOut(request, planned);
  }

  const find = (request: CacheRequest, reading: Reading) =>
    drops.covers(request) ? AWAY : lookup(request, reading);

  return {
    respond(request, reading) {
      if (!reading.ok) observer.storeFailed?.('response cache', 'read', reading.error, request);
      const found = find(request, reading);
      return found instanceof Promise
        ? found.then((result) => plannedFor(request, result))
        : plannedFor(request, found);
    },
    async foresee(request, reading) {
      const planned = await planner(request, await find(request, reading));
      return foresight(request, planned, { forwarding, isDropped: drops.covers(request) });
    },
  };
}
