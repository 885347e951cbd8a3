import { type FillStart, startFill } from '../store/start-fill.ts';
import { createMakingLease } from './making-lease.ts';
import {
  BAR_MS,
  createLook,
  keepMade,
  type Made,
  VALUE_LEASE,
  type ValueFlightsOptions,
  type ValueWrite,
  WAIT_MS,
} from './value-flights.ts';

/** Values that are made anew while what is stored is still answered with. */
export interface ValueRefreshes<V> {
  /**
   * Makes a value in the background, in one process of all: not where another is at it, has stored one that will do, or has
   * failed a moment ago. What `make` throws is its own to tell.
   */
  refresh(write: ValueWrite<V>, make: () => Promise<V>): void;
}

export function createValueRefreshes<V>(options: ValueFlightsOptions<V>): ValueRefreshes<V> {
  const { store, form, background, onFailure } = options;
  // Never more than the background takes.
  const underWay = new Set<string>();

  async function carryOut(write: ValueWrite<V>, make: () => Promise<V>): Promise<void> {
    const found = createLook(options, write.group);
    const begun: FillStart<Made<V>> = await startFill({
      ...{ store, base: write.group, leaseName: () => VALUE_LEASE, onFailure },
      ...{ whenTaken: 'leave' as const, look: found.look },
    });
    if (begun.kind !== 'begun') return;
    const { fence, barredMs } = begun;
    const lease = begun.lease && createMakingLease(store, write.group, begun.lease);
    if (fence === null || barredMs > 0) return;

    async function makeAndKeep(): Promise<void> {
      let kept = false;
      try {
        const value = await make();
        const bytes = form.encode(value);
        const more = { fence: fence!, onlyIfAbsent: !found.isOccupied() };
        kept = bytes !== null && (await keepMade(options, write, { value, bytes }, more, lease));
      } finally {
        lease?.end(kept ? undefined : BAR_MS);
      }
    }

    let timer: NodeJS.Timeout | undefined;
    // What may never come to its end must not keep others from making it, nor the background from other work.
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS).unref();
    }).then(() => lease?.letGo());
    await Promise.race([makeAndKeep(), late]).finally(() => clearTimeout(timer));
  }

  return {
    refresh(write, make) {
      const { group } = write;
      if (underWay.has(group)) return;
      const over = () => void underWay.delete(group);
      underWay.add(group);
      const work = () =>
        carryOut(write, make)
          .catch(() => {})
          .finally(over);
      if (!background.run(work)) over();
    },
  };
}
