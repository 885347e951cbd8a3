import { randomBytes } from 'node:crypto';
import { hasCode } from '../errors.ts';
import { giveBack, type HeldLease, holdLease, LEASE_TTL_MS } from './held-lease.ts';
import type { Begun, Fence, Lease, LeaseState, MaybePromise, Store } from './store.ts';

export interface FillPlan<T> {
  readonly store: Store;
  /** The group that is to be filled. */
  readonly base: string;
  /** What of it one process is to fill for all, by what is known by now; `null`: this one fills it, whatever others do. */
  readonly leaseName: () => string | null;
  /**
   * What to do when another has the lease: wait for it for so many milliseconds at most (0: not at all) and go on then,
   * or leave it to that one.
   */
  readonly whenTaken: number | 'leave';
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Looks what is stored by now; `null` when it will not do. Never rejects. */
  readonly look: () => MaybePromise<T | null>;
  readonly onFailure: (error: unknown) => void;
}

/** How a fill is to go on. */
export type FillStart<T> =
  /** It is to be made here. */
  | {
      readonly kind: 'begun';
      /** `null`: the store failed, and nothing may be stored. */
      readonly fence: Fence | null;
      /** To be ended by whoever began. */
      readonly lease: HeldLease | null;
      /** For so many milliseconds nobody is to wait for such a fill. */
      readonly barredMs: number;
    }
  /** Another has stored it; `waited`: and this one has waited for that. */
  | { readonly kind: 'found'; readonly value: T; readonly waited: boolean }
  /** Another is at it; `over` resolves when that has most likely come to an end. */
  | { readonly kind: 'left'; readonly over: Promise<void> };

// A lease that ran out has done so by the store's clock; asking a moment too early would cost another round.
const GRACE_MS = 20;
/** So often at most what is found while it begins may say that the fill is another's than the lease is for. */
const MAX_RENAMES = 2;

const PROCESS = randomBytes(9).toString('base64url');
let fills = 0;

/**
 * Begins a fill that one process makes for all: takes the lease, or waits for whoever has it and looks then. Looks once
 * more after it has begun, since what is there may have been stored, or dropped, after this process looked last.
 * @throws the reason of `signal`
 */
export async function startFill<T>(plan: FillPlan<T>): Promise<FillStart<T>> {
  const { whenTaken, signal } = plan;
  const holder = nextHolder();
  const giveUpAt = performance.now() + (whenTaken === 'leave' ? 0 : whenTaken);
  let waited = false;
  let renames = 0;
  for (;;) {
    const name = plan.leaseName();
    const lease = name === null ? undefined : { name, holder, ttlMs: LEASE_TTL_MS };
    const beginning = begin(plan, lease);
    // A store that answers at once is not waited for: until `changed` is called, a change might be missed.
    const begun = beginning instanceof Promise ? await beginning : beginning;
    if (begun === null) return { kind: 'begun', fence: null, lease: null, barredMs: 0 };
    const state = begun.lease;
    const held = state?.kind === 'held' ? holdLease(plan.store, plan.base, lease!) : null;
    if (state?.kind === 'taken' && whenTaken === 'leave') {
      return { kind: 'left', over: state.changed(state.leftMs + GRACE_MS) };
    }
    const leftMs = giveUpAt - performance.now();
    const waits = state?.kind === 'taken' && leftMs > 0;
    if (waits) {
      await orAborted(state.changed(Math.ceil(Math.min(state.leftMs + GRACE_MS, leftMs))), signal);
      waited = true;
    }
    const value = await plan.look();
    // Another may have the lease that it takes, as of a variant that was not known to be one before.
    const isOther = held !== null && renames < MAX_RENAMES && plan.leaseName() !== name;
    if (value !== null || isOther || signal?.aborted === true) held?.end();
    signal?.throwIfAborted();
    if (value !== null) return { kind: 'found', value, waited };
    if (isOther) renames++;
    else if (!waits) return { kind: 'begun', fence: begun.fence, lease: held, barredMs: barredMs(state) };
  }
}

function begin<T>({ store, base, onFailure }: FillPlan<T>, lease?: Lease): MaybePromise<Begun | null> {
  const failed = (error: unknown) => {
    onFailure(error);
    // The answer may be what was lost: the others shall not wait for a holder that does not know it is one.
    if (lease !== undefined && hasCode(error, 'ERR_STORE_TIMEOUT')) giveBack(store, base, lease);
    return null;
  };
  try {
    const begun = store.begin(base, lease);
    return begun instanceof Promise ? begun.catch(failed) : begun;
  } catch (error) {
    return failed(error);
  }
}

function barredMs(state: LeaseState | null): number {
  return state?.kind === 'barred' ? state.leftMs : 0;
}

function nextHolder(): string {
  fills += 1;
  return `${PROCESS}:${fills.toString(36)}`;
}

/** @throws the reason of `signal` */
async function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const settle = () => {
      signal.removeEventListener('abort', settle);
      resolve();
    };
    signal.addEventListener('abort', settle);
    void work.then(settle);
  });
  signal.throwIfAborted();
}
