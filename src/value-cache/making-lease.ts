import { randomUUID } from 'node:crypto';
import { giveBack, type HeldLease } from '../store/held-lease.ts';
import { FILL_TTL_MS, type Lease, type Store } from '../store/store.ts';

/** The lease of a making that others wait for only so long. */
export interface MakingLease extends HeldLease {
  /**
   * Lets others take it. The fence of the making, which would fall with its last lease, goes on standing for `FILL_TTL_MS`
   * under a lease that nobody waits for.
   */
  letGo(): void;
}

export function createMakingLease(store: Store, base: string, lease: HeldLease): MakingLease {
  let held = lease;
  let changing: Promise<void> | null = null;

  async function change(): Promise<void> {
    const name = `late:${randomUUID()}`;
    const standing: Lease = { name, holder: name, ttlMs: FILL_TTL_MS };
    try {
      await store.begin(base, standing);
      held = standingLease(store, base, standing);
    } catch {
      // What is made will not be stored.
    }
    lease.end();
  }

  return {
    letGo() {
      changing ??= change();
    },
    end(barMs) {
      if (changing === null) held.end(barMs);
      else void changing.then(() => held.end(barMs));
    },
    async endWith(write) {
      await changing;
      return held.endWith(write);
    },
  };
}

/** One that is not renewed. */
function standingLease(store: Store, base: string, lease: Lease): HeldLease {
  let isOver = false;
  return {
    end(barMs) {
      if (isOver) return;
      isOver = true;
      giveBack(store, base, lease, barMs);
    },
    async endWith(write) {
      const written = await write(isOver ? undefined : lease);
      if (written) isOver = true;
      return written;
    },
  };
}
