import type { Background } from '../background.ts';
import { readOne } from '../store/reading.ts';
import { type FillStart, startFill } from '../store/start-fill.ts';
import type { SetOptions, Store } from '../store/store.ts';
import { decodeValue, encodeValue } from './value-form.ts';

/** What is made, once for all who ask at the same time. */
export interface ValueFlights {
  /**
   * Makes a value, or waits for who is making it: in this process, and if `shared` in any. Who has waited long enough
   * makes it alone. Rejects as `make` does, and with `ERR_CACHE_VALUE` for what can't be stored.
   */
  join<T>(write: ValueWrite, make: () => Promise<T>, shared: boolean): Promise<T>;
  /** What is being made for a key is older than what happens now: who asks from now on doesn't wait for it. */
  forget(group: string): void;
  forgetAll(): void;
}

/** Where a made value is to be stored, and for how long. */
export interface ValueWrite {
  readonly group: string;
  readonly ttlMs: number;
  readonly tags: readonly string[];
}

export interface ValueFlightsOptions {
  readonly store: Store;
  readonly background: Background;
  readonly onFailure: (error: unknown) => void;
}

interface Made {
  readonly value: unknown;
  /** As it is stored; `null`: it is not. */
  readonly bytes: Buffer | null;
}

type Make = () => Promise<unknown>;

const LEASE = 'value';
/** Making a value may take so long before who waits for it makes it as well. */
const WAIT_MS = 10_000;
// Nothing was stored that another could find: those who wait all go on at once, and not one by one.
const BAR_MS = 1_000;
const MADE_HERE: FillStart<never> = { kind: 'begun', fence: null, lease: null, barredMs: 0 };

export function createValueFlights({ store, background, onFailure }: ValueFlightsOptions): ValueFlights {
  // Never more than there are calls under way, and writes behind them.
  const flights = new Map<string, Promise<Made>>();
  const forget = (group: string) => void flights.delete(group);
  const forgetAll = () => flights.clear();
  store.listen({ dropped: forget, tagDropped: forgetAll, lost: forgetAll });

  async function keep(
    { group, ttlMs, tags }: ValueWrite,
    bytes: Buffer,
    more: Pick<SetOptions, 'fence' | 'onlyIfAbsent'>,
  ) {
    try {
      await store.set(group, bytes, ttlMs, { ...more, group, tags });
    } catch (error) {
      onFailure(error);
    }
  }

  /** The one making of this process for all who ask meanwhile. */
  async function fly(write: ValueWrite, make: Make, shared: boolean, land: () => void): Promise<Made> {
    const found = createLook(store, write.group);
    const plan = { store, base: write.group, leaseName: () => LEASE, whenTaken: WAIT_MS, onFailure };
    let begun: FillStart<Made> = MADE_HERE;
    let keeping = false;
    let late: NodeJS.Timeout | undefined;
    try {
      // Landing comes after the flight is known, even where nothing is asked.
      begun = await (shared ? startFill({ ...plan, look: found.look }) : MADE_HERE);
      if (begun.kind === 'found') return begun.value;
      const held = begun.kind === 'begun' ? begun.lease : null;
      // What may never come to its end must not have everybody wait who asks from now on.
      late = setTimeout(() => {
        held?.end();
        land();
      }, WAIT_MS).unref();
      const made = madeOf(await make());
      if (begun.kind !== 'begun' || begun.fence === null || made.bytes === null) return made;
      const { fence, lease } = begun;
      const { bytes } = made;
      const done = () => {
        lease?.end();
        land();
      };
      // What was set meanwhile is newer; what is no value to anybody is replaced.
      const more = { fence, onlyIfAbsent: !found.isOccupied() };
      keeping = background.run(() => keep(write, bytes, more).finally(done));
      return made;
    } finally {
      clearTimeout(late);
      if (!keeping) {
        land();
        if (begun.kind === 'begun') begun.lease?.end(BAR_MS);
      }
    }
  }

  function depart(write: ValueWrite, make: Make, shared: boolean): Promise<Made> {
    const flight = fly(write, make, shared, () => {
      if (flights.get(write.group) === flight) flights.delete(write.group);
    });
    flights.set(write.group, flight);
    return flight;
  }

  async function join(write: ValueWrite, make: Make, shared: boolean, isLate = false): Promise<unknown> {
    const under = flights.get(write.group);
    if (under === undefined) return (await depart(write, make, shared)).value;
    const made = await forSoLong(under);
    // Those for whom one making was too slow share the next.
    if (made === null)
      return isLate || flights.get(write.group) === under ? make() : join(write, make, shared, true);
    // Each has one of their own: what one does to it is nothing to the others.
    return made.bytes === null ? made.value : decodeValue(made.bytes);
  }

  return {
    forget,
    forgetAll,
    join: <T>(write: ValueWrite, make: () => Promise<T>, shared: boolean) =>
      join(write, make, shared) as Promise<T>,
  };
}

function madeOf(value: unknown): Made {
  return { value, bytes: value === undefined || value === null ? null : encodeValue(value) };
}

/** Looks for what another process has stored, and notes where something lies there that is no value to anybody. */
function createLook(store: Store, group: string) {
  let occupied = false;
  return {
    isOccupied: () => occupied,
    async look(): Promise<Made | null> {
      const reading = await readOne(store, group);
      if (!reading.ok || reading.value === null) return null;
      const { bytes } = reading.value;
      const value = decodeValue(bytes);
      occupied = value === undefined;
      return occupied ? null : { value, bytes };
    },
  };
}

/** What another is making; `null` when that takes too long. */
async function forSoLong(made: Promise<Made>): Promise<Made | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, WAIT_MS, null);
  });
  try {
    return await Promise.race([made, late]);
  } finally {
    clearTimeout(timer);
  }
}
