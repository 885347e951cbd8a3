import type { Clock } from '../clock.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { createBatches, type Increments } from './batches.ts';
import { byRequests, type HotSketch } from './hot-sketch.ts';
import type { HotTarget } from './stats.ts';

/** The busiest targets by the hour. */
export interface HotHours {
  /** Brings the busiest of the sketch to where the hours are kept. Fails as the store does. */
  flush(): Promise<void>;
  /** Those of the last 24 hours, the busiest first. While the store is away, those that this process knows of. */
  hottest(limit: number): Promise<readonly HotTarget[]>;
}

export interface HotHoursOptions {
  readonly sketch: HotSketch;
  readonly clock: Clock;
  /** Where they are kept for all processes; `null`: in this one. */
  readonly shared: { readonly store: Store; readonly keys: StoreKeys } | null;
}

/** So many targets are brought at a time, */
const AT_A_TIME = 200;
/** and so many different ones in an hour: what the hours of a crawler take up is bounded. */
const IN_AN_HOUR = 1_000;
const HOUR_MS = 3_600_000;
/** The current one, and those that the last 24 hours reach into. */
const HOURS = 25;
const HOT_TTL_MS = HOURS * HOUR_MS;

/** Where the hours are. */
interface Kept {
  /** Sends what is still to be sent; then adds what is given. */
  send(next: () => Increments | null): Promise<void>;
  /** Not yet known to be there. */
  unsure(): Increments | null;
  read(hours: readonly string[]): Promise<readonly ReadonlyMap<string, number>[]>;
}

/** To be asked for one `flush` at a time. */
export function createHotHours({ sketch, clock, shared }: HotHoursOptions): HotHours {
  const nameOf = shared === null ? (hour: string) => hour : shared.keys.hot;
  const kept = shared === null ? keptHere() : keptIn(shared.store);
  let brought = { hour: '', names: new Set<string>() };

  function busiest(): Increments | null {
    const hour = hourOf(clock.now());
    if (brought.hour !== hour) brought = { hour, names: new Set() };
    const counts = new Map<string, number>();
    for (const hot of sketch.all()) {
      if (counts.size >= AT_A_TIME) break;
      const name = nameOfTarget(hot);
      if (!brought.names.has(name)) {
        if (brought.names.size >= IN_AN_HOUR) continue;
        brought.names.add(name);
      }
      counts.set(name, hot.requests);
      sketch.remove(hot);
    }
    return counts.size === 0 ? null : { key: nameOf(hour), counts };
  }

  async function read(): Promise<readonly ReadonlyMap<string, number>[]> {
    const now = clock.now();
    const hours = Array.from({ length: HOURS }, (_, back) => nameOf(hourOf(now - back * HOUR_MS)));
    try {
      return await kept.read(hours);
    } catch {
      return [];
    }
  }

  return {
    flush: () => kept.send(busiest),
    async hottest(limit) {
      const sums = new Map<string, number>();
      const unsure = kept.unsure()?.counts ?? NOTHING;
      for (const counts of [...(await read()), unsure]) {
        for (const [name, requests] of counts) sums.set(name, (sums.get(name) ?? 0) + requests);
      }
      for (const hot of sketch.all()) {
        const name = nameOfTarget(hot);
        sums.set(name, (sums.get(name) ?? 0) + hot.requests);
      }
      return [...sums].map(targetOfName).sort(byRequests).slice(0, limit);
    },
  };
}

const NOTHING: ReadonlyMap<string, number> = new Map();

function keptIn(store: Store): Kept {
  const { send, unsure } = createBatches(store, HOT_TTL_MS);
  return { send, unsure, read: async (hours) => store.counters(hours) };
}

function keptHere(): Kept {
  // By the hour, the oldest first.
  const kept = new Map<string, Map<string, number>>();
  return {
    unsure: () => null,
    async send(next) {
      const given = next();
      if (given === null) return;
      const counts = kept.get(given.key) ?? new Map<string, number>();
      kept.set(given.key, counts);
      for (const [name, requests] of given.counts) counts.set(name, (counts.get(name) ?? 0) + requests);
      for (const hour of kept.keys()) {
        if (kept.size <= HOURS) break;
        kept.delete(hour);
      }
    },
    read: async (hours) => hours.map((hour) => kept.get(hour) ?? NOTHING),
  };
}

/** `YYYYMMDDHH`, in UTC. */
function hourOf(at: number): string {
  return new Date(at).toISOString().slice(0, 13).replace(/\D/g, '');
}

// The name of a service holds no blank.
function nameOfTarget({ service, target }: HotTarget): string {
  return `${service} ${target}`;
}

function targetOfName([name, requests]: readonly [string, number]): HotTarget {
  const at = name.indexOf(' ');
  return { service: name.slice(0, at), target: name.slice(at + 1), requests };
}
