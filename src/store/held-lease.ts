import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../errors.ts';
import type { Lease, MaybePromise, Store } from './store.ts';

/** A lease that is renewed until it is ended, or lost to somebody else. */
export interface HeldLease {
  /** Gives it back, once; with `barMs`, nobody waits for the next holder for so long. Never throws or rejects. */
  end(barMs?: number): void;
  /**
   * Gives it back with a write (`SetOptions.endLease`), which answers whether it was written. What was not leaves it held.
   * It is `undefined` when it is not held any more. Rejects as the write does.
   */
  endWith(write: (lease: Lease | undefined) => MaybePromise<boolean>): Promise<boolean>;
}

/** How long others wait in vain for a holder that died. */
export const LEASE_TTL_MS = 5_000;
/** Two renewals may be lost, or late. */
const RENEW_MS = 1_500;

/** Holds what `begin` has granted. A renewal that fails is tried again while the lease may still stand. */
export function holdLease(store: Store, base: string, lease: Lease): HeldLease {
  let state: 'idle' | 'renewing' | 'over' = 'idle';
  const timer = setInterval(() => void renew(), RENEW_MS);
  timer.unref();

  function stop(): void {
    state = 'over';
    clearInterval(timer);
  }

  async function renew(): Promise<void> {
    if (state !== 'idle') return;
    state = 'renewing';
    const holds = await attempt(() => store.renew(base, lease));
    if (over()) return;
    state = 'idle';
    if (holds === false) stop();
  }

  const over = () => state === 'over';

  return {
    end(barMs) {
      if (over()) return;
      stop();
      giveBack(store, base, lease, barMs);
    },
    async endWith(write) {
      const written = await write(over() ? undefined : lease);
      if (written) stop();
      return written;
    },
  };
}

/** Writes a value of the group, and gives the lease back with that: two calls in one. */
export async function setAndEnd(
  { store, lease }: { readonly store: Store; readonly lease: HeldLease | null },
  ...[key, bytes, ttlMs, options]: Parameters<Store['set']>
): Promise<boolean> {
  if (lease === null) return store.set(key, bytes, ttlMs, options);
  return lease.endWith((endLease) =>
    store.set(key, bytes, ttlMs, endLease === undefined ? options : { ...options, endLease }),
  );
}

/** How long a lease is tried to be given back: a server that was stopped may grant it only when it goes on. */
const GIVE_BACK_MS = 30_000;
const TRY_AGAIN_MS = 250;

/** Ends a lease, if it is held; when the store is away, as soon as it is back. Never throws or rejects. */
export function giveBack(store: Store, base: string, lease: Lease, barMs?: number): void {
  void giveBackInTime(store, base, lease, barMs);
}

async function giveBackInTime(...[store, base, lease, barMs]: Parameters<typeof giveBack>): Promise<void> {
  // What a service over HTTP was asked for is not carried out much later: the lease runs out by itself.
  const until = performance.now() + (store.kind === 'kv-rest' ? lease.ttlMs : GIVE_BACK_MS);
  while (performance.now() < until) {
    try {
      return await store.end(base, lease, barMs);
    } catch (error) {
      if (hasCode(error, 'ERR_STORE_CLOSED')) return;
    }
    await sleep(TRY_AGAIN_MS, undefined, { ref: false });
  }
}

async function attempt<T>(call: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch {
    return undefined;
  }
}
