import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

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
  /** The complete body, or `null` when it was longer than `keepBytes`, broken off or abandoned. Never rejects. */
  readonly whole: Promise<Buffer | null>;
}

// How far the source may run ahead of the slowest reader once nothing is kept.
const AHEAD_BYTES = 256 * 1024;

export interface SharedBodyOptions {
  readonly keepBytes: number;
  /** A reader that takes nothing for so long, while the source waits for it, is cut off. */
  readonly stallMs: number;
  /** Called when nobody wants the rest: no reader is left, or none came and it can't be stored. */
  readonly onAbandoned: () => void;
}

export function shareBody(source: Readable, options: SharedBodyOptions): SharedBody {
  const { keepBytes, stallMs, onAbandoned } = options;
  /** Readers, with what each reads next, counted in chunks from the body's first. */
  const readers = new Map<Readable, number>();
  const chunks: Buffer[] = [];
  let dropped = 0;
  let held = 0;
  let received = 0;
  let state: 'open' | 'ended' | 'failed' = 'open';
  let failure: unknown;
  let change = newSignal();

  const overflowed = () => received > keepBytes;
  const announce = () => {
    const { resolve } = change;
    change = newSignal();
    resolve();
  };

  function dropWhatAllHad(): void {
    const slowest = Math.min(dropped + chunks.length, ...readers.values());
    for (const chunk of chunks.splice(0, slowest - dropped)) held -= chunk.length;
    dropped = slowest;
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
      await change.promise;
      dropWhatAllHad();
    }
    clearTimeout(timer);
  }

  async function pump(): Promise<Buffer | null> {
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        received += chunk.length;
        held += chunk.length;
        announce();
        if (overflowed()) await roomForMore();
      }
      state = 'ended';
    } catch (error) {
      state = 'failed';
      failure = error;
    }
    announce();
    return state === 'ended' && !overflowed() ? Buffer.concat(chunks) : null;
  }

  function leave(reader: Readable): void {
    if (!readers.delete(reader)) return;
    announce();
    if (readers.size === 0 && state === 'open') onAbandoned();
  }

  /** The reader's next chunk, waiting for it; `null` at the end. */
  async function next(reader: Readable): Promise<Buffer | null> {
    for (;;) {
      const position = readers.get(reader);
      if (position === undefined) return null;
      const chunk = chunks[position - dropped];
      if (chunk !== undefined) {
        readers.set(reader, position + 1);
        if (overflowed()) announce();
        return chunk;
      }
      if (state === 'failed') throw failure;
      if (state === 'ended') return null;
      await change.promise;
    }
  }

  return {
    whole: pump(),
    get joinable() {
      return !overflowed() && state !== 'failed';
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
      readers.set(reader, 0);
      return reader;
    },
  };
}

function newSignal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
