import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { mayTakeAnothers } from '../engine/decision.ts';
import { variantKey } from '../engine/selection.ts';
import type { StoreObserver } from '../observe/observer.ts';
import type { HeldLease } from '../store/held-lease.ts';
import { readOne, storeFailure } from '../store/reading.ts';
import { startFill } from '../store/start-fill.ts';
import type { Fence, Store } from '../store/store.ts';
import type { CacheRequest } from './cache-request.ts';
import type { StoredEntry } from './entry.ts';
import { AWAY, type Found, type Lookup } from './lookup.ts';
import type { PendingDrops } from './pending-drops.ts';
import type { Planned, Planner } from './planner.ts';

/** How a request goes about asking the origin. */
export interface Approach {
  /** Whether what the origin answers may be stored. */
  readonly stores: boolean;
  /** The fields that are known to select a response, for which the origin is asked by one process; `null`: by each. */
  readonly nominated: readonly string[] | null;
  /** Nobody waits for it. */
  readonly inBackground?: boolean;
}

/** How an exchange with the origin begins. */
export type Opening =
  | {
      readonly kind: 'begun';
      /** What was planned, or what is to be done by now. */
      readonly planned: Planned;
      /** `null`: nothing of it is stored. */
      readonly fence: Fence | null;
      readonly lease: HeldLease | null;
      /** For so many milliseconds nobody is to wait for such an exchange. */
      readonly barredMs: number;
    }
  /** It need not be: another process has stored what was wanted. */
  | { readonly kind: 'elsewhere'; readonly entry: StoredEntry; readonly waited: boolean }
  /** Another process is at it; `over` resolves when that has most likely come to an end. */
  | { readonly kind: 'left'; readonly over: Promise<void> };

/** @throws the reason of `signal` */
export type Open = (
  request: CacheRequest,
  planned: Planned,
  approach: Approach,
  signal: AbortSignal,
) => Promise<Opening>;

export interface OpeningOptions {
  readonly store: Store;
  readonly lookup: Lookup;
  readonly planner: Planner;
  readonly drops: PendingDrops;
  readonly clock: Clock;
  readonly observer: StoreObserver;
}

/** Comes to an agreement with the other processes, through the store, before the origin is asked. */
export function createOpen(options: OpeningOptions): Open {
  const { store, lookup, planner, drops, observer } = options;

  async function planAnew(request: CacheRequest): Promise<Planned> {
    const reading = drops.covers(request) ? null : await readOne(store, request.key);
    return planner(request, reading === null ? AWAY : await lookup(request, reading));
  }

  return async (request, planned, approach, signal) => {
    const { found } = planned;
    if (!approach.stores || found.away) {
      return { kind: 'begun', planned, fence: null, lease: null, barredMs: 0 };
    }
    let latest = planned;
    const look = async (): Promise<StoredEntry | null> => {
      const now = await planAnew(request);
      if (now.found.away) return null;
      latest = now;
      return usable(now, approach);
    };
    const start = await startFill({
      store,
      base: request.key,
      leaseName: () => leaseName(request, nominatedBy(latest.found, approach)),
      whenTaken: approach.inBackground ? 'leave' : patienceMs(request),
      signal,
      look,
      onFailure: (error) => observer.storeFailed?.('response cache', 'write', storeFailure(error), request),
    });
    switch (start.kind) {
      case 'begun':
        return { ...start, planned: latest };
      case 'found':
        return { kind: 'elsewhere', entry: start.value, waited: start.waited };
      case 'left':
        return start;
    }
  };
}

/** What was stored meanwhile, if it makes asking the origin needless. */
function usable({ plan, found }: Planned, { inBackground = false }: Approach): StoredEntry | null {
  if (plan.action !== 'reuse' || (inBackground && plan.stale)) return null;
  return found.entry;
}

// Who can't take another's answer does not wait for it; others may well take this one's.
function patienceMs({ facts, collapseMs }: CacheRequest): number {
  return mayTakeAnothers(facts) ? collapseMs : 0;
}

/** What has been stored meanwhile may tell how the resource varies. */
function nominatedBy({ variants }: Found, { nominated }: Approach): Approach['nominated'] {
  return nominated === null ? null : (variants?.nominated[0] ?? nominated);
}

const DIGEST_LENGTH = 16;

/** By who asks, and by what is known to select a response: neither waits for an answer that would hardly be its own. */
function leaseName({ facts }: CacheRequest, nominated: Approach['nominated']): string | null {
  if (nominated === null) return null;
  const name =
    facts.field('authorization') !== undefined ? 'a' : facts.field('cookie') !== undefined ? 'c' : 'o';
  if (nominated.length === 0) return name;
  const digest = createHash('sha256').update(variantKey(nominated, facts)).digest('base64url');
  return name + digest.slice(0, DIGEST_LENGTH);
}

/** What to go by where nothing was begun. */
export function foundBy(opening: Opening | null, before: Found): Found {
  return opening?.kind === 'begun' ? opening.planned.found : before;
}
