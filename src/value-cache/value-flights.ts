import type { Background } from '../background.ts';
import { hasCode } from '../errors.ts';
import { type HeldLease, setAndEnd } from '../store/held-lease.ts';
import { readOne } from '../store/reading.ts';
import { type FillStart, startFill } from '../store/start-fill.ts';
import type { SetOptions, Store, StoredValue } from '../store/store.ts';
import { createMakingLease, type MakingLease } from './making-lease.ts';

/** What is made, once for all who ask at the same time. */
export interface ValueFlights<V> {
  /**
   * Makes a value, or waits for who is making it: in this process, and if `shared` in any. Where that takes long, one makes
   * it anew for all who wait; who has waited for `MAX_TURNS` of them makes it alone. Rejects as `make` does, and as
   * `ValueForm.encode` throws.
   */
  join(write: ValueWrite<V>, make: () => Promise<V>, shared: boolean): Promise<V>;
  /** What is being made for a key is older than what happens now: who asks from now on doesn't wait for it. */
  forget(group: string): void;
  forgetAll(): void;
}

/** Where a made value is to be stored, and for how long. */
export interface ValueWrite<V> {
  readonly group: string;
  readonly ttlMs: number | ((value: V) => number);
  readonly tags: readonly string[];
}

/** How values lie in the store. */
export interface ValueForm<V> {
  /** `null`: it is not stored. */
  encode(value: V): Buffer | null;
  /** The value, made anew; `undefined`: it is of no use to who asks. */
  decode(stored: Pick<StoredValue, 'bytes' | 'expiresInMs'>): V | undefined;
}

export interface ValueFlightsOptions<V> {
  readonly store: Store;
  readonly form: ValueForm<V>;
  readonly background: Background;
  readonly onFailure: (error: unknown) => void;
}

export interface Made<V> {
  readonly value: V;
  /** As it is stored; `null`: it is not. */
  readonly bytes: Buffer | null;
}

export const VALUE_LEASE = 'value';
/** Making a value may take so long before one of those who wait for it makes it as well. */
export const WAIT_MS = 10_000;
/** What takes longer than this many of them is not waited for any more. */
const MAX_TURNS = 6;
// Nothing was stored that another could find: those who wait all go on at once, and not one by one.
export const BAR_MS = 1_000;
/** A making of this process, for all who ask meanwhile. */
interface Flight<V> {
  readonly made: Promise<Made<V>>;
  /** Resolves if it takes too long. */
  readonly late: Promise<null>;
}

const MADE_HERE: FillStart<never> = { kind: 'begun', fence: null, lease: null, barredMs: 0 };

export function createValueFlights<V>(options: ValueFlightsOptions<V>): ValueFlights<V> {
  const { store, form, background, onFailure } = options;
  // Never more than there are calls under way, and writes behind them.
  const flights = new Map<string, Flight<V>>();
  const forget = (group: string) => void flights.delete(group);
  const forgetAll = () => flights.clear();
  store.listen({ dropped: forget, tagDropped: forgetAll, lost: forgetAll });

  async function fly(
    write: ValueWrite<V>,
    make: () => Promise<V>,
    shared: boolean,
    { land, delayed }: { land(): void; delayed(): void },
  ): Promise<Made<V>> {
    const found = createLook(options, write.group);
    const plan = { store, base: write.group, leaseName: () => VALUE_LEASE, whenTaken: WAIT_MS, onFailure };
    let begun: FillStart<Made<V>> = MADE_HERE;
    let lease: MakingLease | null = null;
    let keeping = false;
    let late: NodeJS.Timeout | undefined;
    try {
      // Landing comes after the flight is known, even where nothing is asked.
      begun = await (shared ? startFill({ ...plan, look: found.look }) : MADE_HERE);
      if (begun.kind === 'found') return begun.value;
      if (begun.kind === 'begun' && begun.lease !== null) {
        lease = createMakingLease(store, write.group, begun.lease);
      }
      // What may never come to its end must not have everybody wait who asks from now on.
      late = setTimeout(() => {
        lease?.letGo();
        land();
        delayed();
      }, WAIT_MS).unref();
      const value = await make();
      const made = { value, bytes: form.encode(value) };
      if (begun.kind !== 'begun' || begun.fence === null || made.bytes === null) return made;
      const { fence } = begun;
      const done = (kept: boolean) => {
        lease?.end(kept ? undefined : BAR_MS);
        land();
      };
      // What was set meanwhile is newer; what is no value to anybody is replaced.
      const more = { fence, onlyIfAbsent: !found.isOccupied() };
      keeping = background.run(() => keepMade(options, write, made, more, lease).then(done));
      return made;
    } finally {
      clearTimeout(late);
      if (!keeping) {
        land();
        lease?.end(BAR_MS);
      }
    }
  }

  function depart(write: ValueWrite<V>, make: () => Promise<V>, shared: boolean): Flight<V> {
    const land = () => {
      if (flights.get(write.group) === flight) flights.delete(write.group);
    };
    let delayed = () => {};
    const late = new Promise<null>((resolve) => {
      delayed = () => resolve(null);
    });
    const flight: Flight<V> = { made: fly(write, make, shared, { land, delayed }), late };
    flights.set(write.group, flight);
    return flight;
  }

  async function join(
    write: ValueWrite<V>,
    make: () => Promise<V>,
    shared: boolean,
    turn: number,
  ): Promise<V> {
    const under = flights.get(write.group);
    if (under === undefined) return (await depart(write, make, shared).made).value;
    const made = await Promise.race([under.made, under.late]);
    // Those for whom one making was too slow share the next, which finds what the first has stored since.
    if (made === null) return turn < MAX_TURNS ? join(write, make, shared, turn + 1) : make();
    // Each has one of their own: what one does to it is nothing to the others.
    return made.bytes === null ? made.value : form.decode({ bytes: made.bytes, expiresInMs: Infinity })!;
  }

  return { forget, forgetAll, join: (write, make, shared) => join(write, make, shared, 1) };
}

/**
 * Brings what was made into the store. Never rejects; answers `false` for what is too large for it, whoever makes it.
 *
 * @param lease given back with it, if it is written
 */
export async function keepMade<V>(
  { store, onFailure }: Pick<ValueFlightsOptions<V>, 'store' | 'onFailure'>,
  { group, ttlMs, tags }: ValueWrite<V>,
  { value, bytes }: Made<V>,
  more: Pick<SetOptions, 'fence' | 'onlyIfAbsent'>,
  lease: HeldLease | null = null,
): Promise<boolean> {
  try {
    const lasting = typeof ttlMs === 'number' ? ttlMs : ttlMs(value);
    await setAndEnd({ store, lease }, group, bytes!, lasting, { ...more, group, tags });
    return true;
  } catch (error) {
    onFailure(error);
    return !hasCode(error, 'ERR_STORE_VALUE_TOO_LARGE');
  }
}

/** Looks for what another process has stored, and notes where something lies there that is of no use to who asks. */
export function createLook<V>(
  { store, form }: Pick<ValueFlightsOptions<V>, 'store' | 'form'>,
  group: string,
) {
  let occupied = false;
  return {
    isOccupied: () => occupied,
    async look(): Promise<Made<V> | null> {
      const reading = await readOne(store, group);
      if (!reading.ok || reading.value === null) return null;
      const value = form.decode(reading.value);
      occupied = value === undefined;
      return value === undefined ? null : { value, bytes: reading.value.bytes };
    },
  };
}
