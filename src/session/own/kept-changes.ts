import { CachegateError } from '../../errors.ts';
import type { OwnSessionObserver } from '../../observe/observer.ts';
import { storeFailure } from '../../store/reading.ts';
import { awayError } from './coded-calls.ts';
import { createKeptRoom, type Weight } from './kept-room.ts';
import type { Change } from './record-writes.ts';
import type { Place } from './session-place.ts';
import { encodeRecord, type SessionRecord } from './session-record.ts';
import type { SessionRecords } from './session-records.ts';

/**
 * What the store could not be told: logouts, changes of an id, and writes where they are queued. Told in the order in which
 * they came, one at a time for each session. Bounded.
 */
export interface KeptChanges {
  readonly size: number;
  /** How many the store has been told so far. */
  readonly told: number;
  /** What is known of a session without the store; `null`: nothing. */
  known(key: string): 'ended' | 'begun' | null;
  /** A record with what waits to be stored in it. */
  shown(key: string, record: SessionRecord): SessionRecord;
  /** All three: @throws CachegateError `ERR_SESSION_DEGRADED` when as much is kept as may be. */
  create(place: Place, id: string, record: SessionRecord): void;
  /** @param bytes what it takes */
  write(place: Place, change: Change, bytes: number): void;
  /** @param how after what else is kept of it; by default it is ended, and the rest is of no use. */
  end(place: Place, how?: () => Promise<unknown>): void;
  /** The same for sessions of a user that were begun meanwhile. */
  endAll(user: string): void;
  /** Tells what is kept of one session; `null`: nothing is. @throws CachegateError `ERR_STORE_*` when the store is away */
  tell(key: string): Promise<void> | null;
  /** Tells all. @throws CachegateError `ERR_STORE_*` when the store is away: the rest stays kept */
  replay(): Promise<void>;
  /** Tells no more. */
  stop(): void;
}

interface Kept {
  readonly place: Place;
  /** A session that was begun meanwhile. */
  begun: { readonly id: string; readonly record: SessionRecord } | null;
  readonly writes: { readonly change: Change; readonly bytes: number }[];
  end: (() => Promise<unknown>) | null;
  /** It is only this id that ends: what requests under way still write goes along. */
  readonly goesOn: boolean;
  /** How often the store has refused it, though it was there. */
  refusals: number;
}

const AT_ONCE = 64;
const MAX_REFUSALS = 20;

export function createKeptChanges(records: SessionRecords, observer: OwnSessionObserver): KeptChanges {
  const kept = new Map<string, Kept>();
  const flights = new Map<string, Promise<void>>();
  const room = createKeptRoom((size) => observer.sessionChangesKept?.(size));
  let toldSoFar = 0;
  let stopped = false;

  const weight = ({ begun, writes, end }: Kept): Weight => ({
    changes: writes.length + (begun === null ? 0 : 1) + (end === null ? 0 : 1),
    bytes: writes.reduce((sum, each) => sum + each.bytes, begun === null ? 0 : sizeOf(begun.record)),
  });

  function blankOf(place: Place): Kept {
    return { place, begun: null, writes: [], end: null, goesOn: false, refusals: 0 };
  }

  function forget(entry: Kept): void {
    if (kept.get(entry.place.key) !== entry) return;
    kept.delete(entry.place.key);
    room.free(weight(entry));
  }

  function lose(entry: Kept, error: CachegateError): void {
    observer.sessionChangesLost?.(weight(entry).changes, error);
    forget(entry);
  }

  /** A logout takes the room of writes rather than to be refused. */
  function makeRoom(besides: string): boolean {
    for (const [key, entry] of kept) {
      if (entry.end !== null || key === besides || flights.has(key)) continue;
      lose(entry, new CachegateError('ERR_SESSION_DEGRADED', 'A kept write had to make room for a logout'));
      return true;
    }
    return false;
  }

  /** What has been told takes no room any more, unless the entry has been replaced, and its room with it. */
  function told(entry: Kept, what: Weight): void {
    toldSoFar += what.changes;
    if (kept.get(entry.place.key) === entry) room.free(what);
  }

  async function carryOut(entry: Kept): Promise<void> {
    const { place, begun, writes } = entry;
    if (begun !== null) {
      await records.createOnce(begun.record, begun.id);
      entry.begun = null;
      told(entry, { changes: 1, bytes: sizeOf(begun.record) });
    }
    while (writes.length > 0 || entry.end !== null) {
      const part = [...writes];
      if (part.length > 0) {
        await records.write(place, (record) => part.reduce((after, { change }) => change(after), record));
        for (const { bytes } of writes.splice(0, part.length)) told(entry, { changes: 1, bytes });
      } else if (entry.end !== null) {
        await entry.end();
        entry.end = null;
        told(entry, { changes: 1, bytes: 0 });
      }
    }
    // At once: nothing can have come since.
    forget(entry);
  }

  async function tellEntry(entry: Kept): Promise<void> {
    try {
      await carryOut(entry);
    } catch (error) {
      if (awayError(error) !== null) throw error;
      entry.refusals += 1;
      // Of one key or value alone; a slot of a Cluster that is being moved takes it a little later.
      if (isOfStore(error) && entry.refusals < MAX_REFUSALS) throw error;
      lose(entry, storeFailure(error));
    }
  }

  function tell(key: string): Promise<void> | null {
    const flight = flights.get(key);
    if (flight !== undefined) return flight;
    const entry = kept.get(key);
    if (entry === undefined) return null;
    const begun = tellEntry(entry).finally(() => flights.delete(key));
    flights.set(key, begun);
    return begun;
  }

  function end(place: Place, how?: () => Promise<unknown>): void {
    const before = kept.get(place.key) ?? blankOf(place);
    const rest = how === undefined ? blankOf(place) : { ...before, writes: [...before.writes], goesOn: true };
    const entry: Kept = { ...rest, end: how ?? (() => records.end(place)) };
    const [has, takes] = [weight(before), weight(entry)];
    const more = { changes: takes.changes - has.changes, bytes: takes.bytes - has.bytes };
    while (!room.has(more) && makeRoom(place.key));
    room.take(more);
    // One that it replaces may be on its way: then that goes before.
    kept.set(place.key, entry);
  }

  return {
    get size() {
      return room.changes;
    },
    get told() {
      return toldSoFar;
    },
    known(key) {
      const entry = kept.get(key);
      if (entry === undefined) return null;
      return entry.end !== null ? 'ended' : entry.begun !== null ? 'begun' : null;
    },
    shown(key, record) {
      const entry = kept.get(key);
      return entry === undefined ? record : entry.writes.reduce((after, { change }) => change(after), record);
    },
    create(place, id, record) {
      room.take({ changes: 1, bytes: sizeOf(record) });
      kept.set(place.key, { ...blankOf(place), begun: { id, record } });
    },
    write(place, change, bytes) {
      const entry = kept.get(place.key) ?? blankOf(place);
      if (entry.end !== null && !entry.goesOn) return;
      room.take({ changes: 1, bytes });
      entry.writes.push({ change, bytes });
      kept.set(place.key, entry);
    },
    end,
    endAll(user) {
      for (const { place, begun } of [...kept.values()]) if (begun?.record.user === user) end(place);
    },
    tell,
    async replay() {
      const keys = [...kept.keys()];
      let failure: unknown = null;
      for (let at = 0; at < keys.length && !stopped; at += AT_ONCE) {
        const told = await Promise.allSettled(keys.slice(at, at + AT_ONCE).map((key) => tell(key)));
        // One shard that is away is no reason not to tell the others.
        for (const each of told) if (each.status === 'rejected') failure ??= each.reason;
      }
      if (failure !== null) throw failure;
    },
    stop() {
      stopped = true;
    },
  };
}

const sizeOf = (record: SessionRecord) => encodeRecord(record).length;

function isOfStore(error: unknown): boolean {
  return error instanceof CachegateError && error.code.startsWith('ERR_STORE_');
}
