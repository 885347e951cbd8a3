import { CachegateError } from '../../errors.ts';
import type { MaybePromise } from '../../store/store.ts';
import type { FoundRecord, Place } from './session-place.ts';
import { decodeRecord, type SessionRecord } from './session-record.ts';

/** What was written. */
export interface Written {
  readonly place: Place;
  readonly record: SessionRecord;
  readonly bytes: Buffer;
}

export type Change = (before: SessionRecord) => SessionRecord;

export interface RecordWritesOptions {
  /** Where the session is now, and what the store holds; `null`: it has ended. */
  readonly locate: (place: Place) => Promise<FoundRecord | null>;
  /** Writes if the store still holds `expected`: answers the bytes written, or `null`. */
  readonly replace: (place: Place, expected: Buffer, record: SessionRecord) => MaybePromise<Buffer | null>;
}

export interface RecordWrites {
  write(place: Place, change: Change, known?: Buffer | null): Promise<Written | null>;
}

interface Turn {
  readonly change: Change;
  readonly resolve: (written: Written | null) => void;
  readonly reject: (error: unknown) => void;
}

// Writes that wait for one session in this process; with that many, its requests come faster than any store writes.
const MAX_WAITING = 10_000;
const MAX_TRIES = 100;
const MAX_PAUSE_MS = 32;

/**
 * Read, change, compare and swap: no write of another is lost. Writes of one session in this process go together, one
 * swap for all that wait, so that many at once don't undo each other's tries.
 */
export function createRecordWrites({ locate, replace }: RecordWritesOptions): RecordWrites {
  const waiting = new Map<string, Turn[]>();

  async function swap(place: Place, turns: Turn[], known: Buffer | null): Promise<Buffer | null> {
    let found: FoundRecord | null = known === null ? await locate(place) : { place, bytes: known };
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = found === null ? null : decodeRecord(found.bytes);
      if (found === null || before === null) {
        for (const { resolve } of turns) resolve(null);
        return null;
      }
      const { record, changed } = changeAll(before, turns);
      if (changed.length === 0) return null;
      const bytes: Buffer | null = await replace(found.place, found.bytes, record);
      if (bytes !== null) {
        for (const { resolve } of changed) resolve({ place: found.place, record, bytes });
        return found.place === place ? bytes : null;
      }
      turns = changed;
      if (tries > 0) await pause(tries);
      found = await locate(place);
    }
    throw new CachegateError(
      'ERR_SESSION_CONFLICT',
      'Too many requests write to one session at the same time',
    );
  }

  async function swapOrReject(place: Place, turns: Turn[], known: Buffer | null): Promise<Buffer | null> {
    try {
      return await swap(place, turns, known);
    } catch (error) {
      // One that makes the record too large must not take the others with it.
      if (turns.length > 1 && error instanceof CachegateError && error.code === 'ERR_SESSION_TOO_LARGE') {
        for (const turn of turns) await swapOrReject(place, [turn], null);
      } else {
        for (const { reject } of turns) reject(error);
      }
      return null;
    }
  }

  async function work(place: Place, turns: Turn[], known: Buffer | null): Promise<void> {
    for (let bytes = known; turns.length > 0; ) bytes = await swapOrReject(place, turns.splice(0), bytes);
    waiting.delete(place.key);
  }

  return {
    write(place, change, known = null) {
      return new Promise((resolve, reject) => {
        const turns = waiting.get(place.key);
        if (turns === undefined) {
          const own = [{ change, resolve, reject }];
          waiting.set(place.key, own);
          void work(place, own, known);
        } else if (turns.length < MAX_WAITING) {
          turns.push({ change, resolve, reject });
        } else {
          reject(new CachegateError('ERR_SESSION_CONFLICT', 'Too many writes wait for one session'));
        }
      });
    },
  };
}

/** Those that can't make their change are told so, and take no part. */
function changeAll(
  before: SessionRecord,
  turns: readonly Turn[],
): { record: SessionRecord; changed: Turn[] } {
  let record = before;
  const changed: Turn[] = [];
  for (const turn of turns) {
    try {
      record = turn.change(record);
      changed.push(turn);
    } catch (error) {
      turn.reject(error);
    }
  }
  return { record: { ...record, version: before.version + 1 }, changed };
}

function pause(tries: number): Promise<void> {
  const ms = Math.random() * Math.min(MAX_PAUSE_MS, 2 ** tries);
  return new Promise((resolve) => setTimeout(resolve, ms));
}
