import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { ByteBudget } from './byte-budget.ts';

/**
 * One body from the origin, read by several clients at once as it arrives.
 *
 * Up to `keepBytes` all of it is kept, so that a late reader begins at the beginning and the whole can be stored.
 * Past that nothing is kept but what the slowest reader has not had, the source waits for it, and no reader may join.
 */
export interface SharedBody {
  /** A reader from the first byte; to be read or destroyed. Fails when the source fails. Call only while `joinable`. */
  read(): Readable;
  /** Whether the first byte is still there. */
  readonly joinable: boolean;
  /** The complete body, or `null` as soon as it is longer than what is kept, broken off or abandoned. Never rejects. */
  readonly whole: Promise<Buffer | null>;
}

// How far the source may run ahead of the slowest reader once nothing is kept.
const AHEAD_BYTES = 256 * 1024;
// So much of each body costs nothing of the budget, so that large bodies can't keep small ones from being shared.
const FREE_BYTES = 64 * 1024;

export interface SharedBodyOptions {
  readonly keepBytes: number;
  /** A reader that takes nothing for so long, while the source waits for it, is cut off. */
  readonly stallMs: number;
  /** What all bodies under way may hold together; one that finds it spent is not kept, like one that is too long. */
  readonly budget: ByteBudget;
  /** Called when nobody wants the rest: no reader is left, or none came and it can't be stored. */
  readonly onAbandoned: () => void;
}

export function shareBody(source: Readable, options: SharedBodyOptions): SharedBody {
  const { keepBytes, stallMs, budget, onAbandoned } = options;
  /** Readers, with what each reads next, counted in chunks from the body's first. */
  const readers = new Map<Readable, number>();
  /** How many readers are at a position. Counted, since asking all for the slowest would cost the square of their number. */
  const readersAt = new Map<number, number>();
  const chunks: Buffer[] = [];
  let dropped = 0;
  let held = 0;
  let received = 0;
  /** Bytes taken of the budget. */
  let taken = 0;
  let overflowed = false;
  /** Its end has not come yet, but will be none. */
  let abandoned = false;
  let state: 'open' | 'ended' | 'failed' = 'open';
  let failure: unknown;
  /** For readers: there is more, or the end. */
  const arrival = createSignal();
  /** For the source: a reader has taken what was held longest, or has left. */
  const taking = createSignal();

  /** Whether a chunk may be kept beside what is; what is little may always. */
  function mayKeep(chunk: Buffer): boolean {
    if (received > keepBytes) return false;
    if (received <= FREE_BYTES) return true;
    if (!budget.take(chunk.length)) return false;
    taken += chunk.length;
    return true;
  }

  function giveBack(): void {
    budget.give(taken);
    taken = 0;
  }

  function dropWhatAllHad(): void {
    let count = 0;
    while (count < chunks.length && !readersAt.has(dropped + count)) count++;
    for (const chunk of chunks.splice(0, count)) held -= chunk.length;
    dropped += count;
  }

  function depart(position: number): void {
    const left = readersAt.get(position)! - 1;
    if (left > 0) readersAt.set(position, left);
    else readersAt.delete(position);
    if (left === 0 && position === dropped) taking.give();
  }

  function arrive(reader: Readable, position: number): void {
    readers.set(reader, position);
    readersAt.set(position, (readersAt.get(position) ?? 0) + 1);
  }

  async function roomForMore(): Promise<void> {
    // Who is to read may need a moment to begin; then, what nobody reads and nobody can store is not fetched on.
    if (readers.size === 0) await turn();
    if (readers.size === 0) onAbandoned();
    for (;;) {
      dropWhatAllHad();
      if (held <= AHEAD_BYTES || readers.size === 0) return;
      await slowestMoves();
    }
  }

  /** Waits until something changes; those who hold all up for too long are cut off. */
  async function slowestMoves(): Promise<void> {
    const waitedFrom = dropped;
    const timer = setTimeout(() => {
      const stalled = [...readers].filter(([, position]) => position === waitedFrom);
      for (const [reader] of stalled) reader.destroy(new Error('the client takes nothing of the body'));
    }, stallMs);
    while (dropped === waitedFrom && held > AHEAD_BYTES && readers.size > 0) {
      await taking.next();
      dropWhatAllHad();
    }
    clearTimeout(timer);
  }

  async function pump(settle: (whole: Buffer | null) => void): Promise<void> {
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        received += chunk.length;
        held += chunk.length;
        if (!overflowed && !mayKeep(chunk)) {
          overflowed = true;
          giveBack();
          settle(null);
        }
        arrival.give();
        if (overflowed) await roomForMore();
      }
      state = 'ended';
    } catch (error) {
      state = 'failed';
      failure = error;
    }
    arrival.give();
    if (readers.size === 0) giveBack();
    settle(state === 'ended' && !overflowed ? Buffer.concat(chunks) : null);
  }

  function leave(reader: Readable): void {
    const position = readers.get(reader);
    if (position === undefined) return;
    readers.delete(reader);
    depart(position);
    if (readers.size > 0) return;
    if (state === 'open') {
      abandoned = true;
      onAbandoned();
    } else giveBack();
  }

  /** The reader's next chunk, waiting for it; `null` at the end. */
  async function next(reader: Readable): Promise<Buffer | null> {
    for (;;) {
      const position = readers.get(reader);
      if (position === undefined) return null;
      const chunk = chunks[position - dropped];
      if (chunk !== undefined) {
        arrive(reader, position + 1);
        depart(position);
        return chunk;
      }
      if (state === 'failed') throw failure;
      if (state === 'ended') return null;
      await arrival.next();
    }
  }

  return {
    // It handles all of its failures itself.
    whole: new Promise((resolve) => void pump(resolve)),
    get joinable() {
      return !overflowed && !abandoned && state !== 'failed';
    },
    read() {
      const reader = new Readable({
        read() {
          next(this).then(
            (chunk) => this.push(chunk),
            (error: Error) => this.destroy(error),
          );
        },
        destroy(error, done) {
          leave(this);
          done(error);
        },
      });
      arrive(reader, 0);
      return reader;
    },
  };
}

/** What several may wait for, again and again. */
function createSignal() {
  let give = () => {};
  let next: Promise<void> | null = null;
  return {
    give() {
      next = null;
      give();
    },
    next(): Promise<void> {
      next ??= new Promise((resolve) => {
        give = resolve;
      });
      return next;
    },
  };
}
