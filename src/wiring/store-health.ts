import type { CachegateError } from '../errors.ts';
import type { StoreObserver } from '../observe/observer.ts';
import { storeFailure } from '../store/reading.ts';
import type { StateChange, StoreState } from '../store/resilience/resilient-store.ts';

/** How the store is: what its connection says and what its circuits say, together. */
export interface StoreHealth {
  /** As the worst of its shards. */
  state(): StoreState;
  /** There is nothing to connect to, or it is done. */
  connected(): void;
  /** From now on changes are told; how it is at the start is told by whoever greets it. */
  greeted(): void;
  readonly connection: (change: { readonly connected: boolean; readonly error?: CachegateError }) => void;
  readonly changed: (change: StateChange) => void;
  readonly tracking: (change: { readonly tracking: boolean; readonly error?: Error }) => void;
}

/** A store that is away, or has just come, has a while to begin to tell of changes. */
const TRACKING_GRACE_MS = 2_000;

/** Each change is told once, with the shard that it is of; that the store is there at the start is no change. */
export function createStoreHealth({ storeStateChanged, storeTrackingChanged }: StoreObserver): StoreHealth {
  const onChange = (...change: Parameters<NonNullable<StoreObserver['storeStateChanged']>>) =>
    storeStateChanged?.(...change);
  let isTracking = true;
  let untold: NodeJS.Timeout | undefined;
  let toldUntracked = false;
  let isConnected = false;
  let isGreeted = false;
  let told: StoreState | null = null;
  const shards = new Map<string, StoreState>();

  function state(): StoreState {
    const states = [...shards.values()];
    if (!isConnected || states.includes('away')) return 'away';
    return states.includes('unwritable') ? 'unwritable' : 'available';
  }

  function tellConnection(error?: CachegateError): void {
    const now = state();
    if (isGreeted && now !== told && !(told === null && now === 'available')) onChange(now, '', error);
    told = now;
  }

  function connection({ connected, error }: { connected: boolean; error?: CachegateError }): void {
    isConnected = connected;
    tellConnection(error);
  }

  function tellUntracked(error: Error | undefined): void {
    if (isTracking || state() !== 'available') return;
    toldUntracked = true;
    storeTrackingChanged?.(false, error);
  }

  return {
    state,
    tracking({ tracking, error }) {
      isTracking = tracking;
      clearTimeout(untold);
      if (!tracking) untold = setTimeout(tellUntracked, TRACKING_GRACE_MS, error).unref();
      else if (toldUntracked) storeTrackingChanged?.(true);
      if (tracking) toldUntracked = false;
    },
    connected: () => connection({ connected: true }),
    connection,
    greeted() {
      isGreeted = true;
    },
    changed({ state: changed, shard, error }) {
      if (changed === 'available') shards.delete(shard);
      else shards.set(shard, changed);
      const failure = error === undefined ? undefined : storeFailure(error);
      if (shard === '') return tellConnection(failure);
      onChange(changed, shard, failure);
      told = state();
    },
  };
}
