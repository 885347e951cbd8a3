import { giveBack } from '../store/held-lease.ts';
import type { Lease, Store } from '../store/store.ts';

/** Has one start of a job follow another, in all processes: each counts what runs before it adds to that. */
export type StartTurn = <T>(start: () => Promise<T>) => Promise<T>;

export interface StartTurnOptions {
  readonly store: Store;
  /** The group whose lease is the turn; nothing is stored there. */
  readonly base: string;
  readonly newLease: () => Lease;
  /** For so long at most one waits for those before it; then it goes on, since a bound is not worth a refusal. */
  readonly waitMs: number;
}

// A lease that ran out has done so by the store's clock; asking a moment too early would cost another round.
const GRACE_MS = 20;

/** The turn is a lease: that of a process which has died in it runs out. What the turns throw is `ERR_STORE_*`. */
export function createStartTurn({ store, base, newLease, waitMs }: StartTurnOptions): StartTurn {
  async function enter(lease: Lease): Promise<void> {
    const giveUpAt = performance.now() + waitMs;
    for (;;) {
      const { lease: state } = await store.begin(base, lease);
      const leftMs = giveUpAt - performance.now();
      if (state?.kind !== 'taken' || leftMs <= 0) return;
      await state.changed(Math.ceil(Math.min(state.leftMs + GRACE_MS, leftMs)));
    }
  }

  return async (start) => {
    const lease = newLease();
    try {
      await enter(lease);
      return await start();
    } finally {
      // Whether or not it was granted: a server that hangs may grant it when it goes on, to nobody.
      giveBack(store, base, lease);
    }
  };
}
