import { isDeepStrictEqual } from 'node:util';
import { CachegateError } from '../../errors.ts';
import type { StoreKeys } from '../../store/keys.ts';
import type { MaybePromise } from '../../store/store.ts';
import type { CodedCalls } from './coded-calls.ts';
import type { RecordWrites } from './record-writes.ts';
import type { FoundRecord, Place } from './session-place.ts';
import { decodeRecord, encodeMoved, movedTo, type SessionRecord } from './session-record.ts';

type Data = SessionRecord['data'];

export interface Moved {
  readonly record: SessionRecord;
  readonly bytes: Buffer;
  /** Why the old id could not be closed, though the new one is there: `finish` is to be called, with what was taken along. */
  readonly left: { readonly error: unknown; readonly taken: Data; readonly isSealed: boolean } | null;
}

/** Changes of a session's id, and its end. All throw `ERR_STORE_*`. */
export interface RecordMoves {
  /** `null`: it has ended, or got a new id meanwhile. @throws what `change` throws; CachegateError `ERR_SESSION_*` */
  move(from: Place, to: Place, change: (before: SessionRecord) => SessionRecord): Promise<Moved | null>;
  /**
   * Closes an id, and takes along what was stored under it since `taken` and nobody has changed under the new one. Answers
   * whether there was anything, or it was closed already; else it has been ended.
   */
  finish(from: Place, to: Place, taken: Data): Promise<boolean>;
  /** Ends it, wherever it has moved to. Answers whether it was there. */
  end(place: Place): Promise<boolean>;
}

export interface RecordMovesOptions {
  readonly store: CodedCalls;
  readonly keys: StoreKeys;
  readonly writes: RecordWrites;
  readonly locate: (place: Place) => Promise<FoundRecord | null>;
  readonly put: (place: Place, record: SessionRecord) => Promise<Buffer>;
  /** What a mark or a pointer says of a place. */
  readonly trailTo: (place: Place) => string;
}

// For so long a request that was under way at a change of the id finds the session.
const MOVED_MS = 60_000;
// A mark is gone at once, unless the store goes away before: then it tells for so long that the id was not ended.
const SEALED_MS = 86_400_000;
const MAX_TRIES = 20;

export function createRecordMoves(options: RecordMovesOptions): RecordMoves {
  const { store, keys, writes, locate, put, trailTo } = options;

  /** Closes a place to writes, and to every new request: what lies there is a mark from then on. */
  const seal = (place: Place, expected: Buffer, trail: string): MaybePromise<boolean> =>
    store.replace(place.key, expected, encodeMoved(trail), trail === '' ? MOVED_MS : SEALED_MS);

  /** Every process is told that the old id has ended; requests under way find the new one. */
  async function leave(from: Place, to: Place): Promise<void> {
    await store.set(keys.movedSession(from.key), Buffer.from(trailTo(to)), MOVED_MS);
    await store.drop([from.key]);
  }

  async function read({ key }: Place): Promise<{ record: SessionRecord | null; bytes: Buffer } | null> {
    const [value] = await store.get([key]);
    return value == null ? null : { record: decodeRecord(value.bytes), bytes: value.bytes };
  }

  async function move(
    from: Place,
    to: Place,
    change: (before: SessionRecord) => SessionRecord,
  ): Promise<Moved | null> {
    let made: { record: SessionRecord; bytes: Buffer } | null = null;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      // No trail is followed: a request that was under way when the session got a new id must not be given that one, for it
      // may be the request of whoever planted or stole the old one.
      const found = await read(from);
      const before = found?.record ?? null;
      if (found === null || before === null) {
        // A client that repeats what was not answered is told that its own mark is in the way.
        if (made !== null && found !== null && movedTo(found.bytes) === trailTo(to)) {
          await leave(from, to);
          return { ...made, left: null };
        }
        if (made !== null) await store.drop([to.key]);
        return null;
      }
      const record = change(before);
      // The new session is there before the old one goes, so that a failure between the two ends neither.
      const bytes = await put(to, record);
      made = { record, bytes };
      let isSealed = false;
      try {
        isSealed = await seal(from, found.bytes, trailTo(to));
        if (!isSealed) continue;
        await leave(from, to);
        return { record, bytes, left: null };
      } catch (error) {
        // The old id may be closed, although that was not answered: from here on the new one alone is sure to be there.
        return { record, bytes, left: { error, taken: before.data, isSealed } };
      }
    }
    await store.drop([to.key]);
    throw new CachegateError('ERR_SESSION_CONFLICT', 'The session kept changing while it was given a new id');
  }

  async function finish(from: Place, to: Place, taken: Data): Promise<boolean> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const found = await read(from);
      if (found === null) return false;
      if (found.record === null) break;
      const { data } = found.record;
      await writes.write(to, (after) => ({ ...after, data: withChanges(after.data, taken, data) }));
      if (await seal(from, found.bytes, trailTo(to))) break;
      taken = data;
    }
    await leave(from, to);
    return true;
  }

  async function end(place: Place): Promise<boolean> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const found = await locate(place);
      if (found === null) break;
      // Sealed before: a new id given at the same time would else outlive it.
      if (await seal(found.place, found.bytes, '')) return (await store.drop([found.place.key])) > 0;
    }
    // Sealed by a try that was not answered, perhaps; the others have not been told then.
    return (await store.drop([place.key])) > 0;
  }

  return { move, finish, end };
}

/** `data` with what has changed from `before` to `since`, but for fields that it has changed itself. */
function withChanges(data: Data, before: Data, since: Data): Data {
  const after = new Map(data);
  for (const field of new Set([...before.keys(), ...since.keys()])) {
    const [old, value] = [before.get(field), since.get(field)];
    if (isDeepStrictEqual(old, value) || !isDeepStrictEqual(data.get(field), old)) continue;
    if (value === undefined) after.delete(field);
    else after.set(field, value);
  }
  return after;
}
