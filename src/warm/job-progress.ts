import { hasCode } from '../errors.ts';
import { type Counts, countsOf, isDone, isProgress, isToDo, newProgress, withDone } from './job-parts.ts';

/** Where what was done of a part is kept, by parts. All may throw `ERR_STORE_*`. */
export interface ProgressStore {
  read(part: number): Promise<Buffer | null>;
  replace(part: number, expected: Buffer, bytes: Buffer): Promise<boolean>;
  /** Where there is nothing. */
  add(part: number, bytes: Buffer): Promise<void>;
}

/** What of a job is done, as the store has it. */
export interface JobProgress {
  /** Exact: of what is in the store. */
  counts(): Counts;
  isToDo(part: number, offset: number): boolean;
  hasToDo(part: number): boolean;
  /**
   * Resolves when it is in the store that an item is done; while the store is away, when it is back. `false`: `stop` came
   * first, or another has done it in the other way.
   */
  done(part: number, offset: number, warmed: boolean): Promise<boolean>;
  stop(): void;
}

export interface JobProgressOptions {
  readonly store: ProgressStore;
  /** How many items each part has. */
  readonly lengths: readonly number[];
  /** As they were read; `null` where there was nothing. */
  readonly known: readonly (Buffer | null)[];
  /** Waits before the next try, of which so many have failed. Settles at once after `stop`. */
  readonly pause: (tries: number) => Promise<void>;
}

interface Part {
  readonly index: number;
  readonly length: number;
  bytes: Buffer;
  counts: Counts;
  /** What waits for the next write, by offset. */
  waiting: Map<number, Waiting>;
  isWritten: boolean;
}

interface Waiting {
  readonly warmed: boolean;
  readonly resolve: (isSo: boolean) => void;
}

const TRIES_AT_ONCE = 3;

/** Items that are done while a part is written go together, with the next write of it. */
export function createJobProgress({ store, lengths, known, pause }: JobProgressOptions): JobProgress {
  const parts = lengths.map((length, index): Part => {
    const found = known[index] ?? null;
    const bytes = found !== null && isProgress(found, length) ? found : newProgress(length);
    return { index, length, bytes, counts: countsOf(bytes), waiting: new Map(), isWritten: false };
  });
  let warmed = 0;
  let failed = 0;
  for (const { counts } of parts) add(counts, 1);
  let stopped = false;

  function add(counts: Counts, factor: number): void {
    warmed += factor * counts.warmed;
    failed += factor * counts.failed;
  }

  function learn(part: Part, bytes: Buffer): void {
    add(part.counts, -1);
    part.bytes = bytes;
    part.counts = countsOf(bytes);
    add(part.counts, 1);
  }

  /** One try. Answers whether these are in the store. */
  async function write(part: Part, batch: ReadonlyMap<number, Waiting>): Promise<boolean> {
    const states = new Map([...batch].map(([offset, { warmed: isWarmed }]) => [offset, isWarmed]));
    const next = withDone(part.bytes, states);
    if (next.equals(part.bytes)) return true;
    if (await store.replace(part.index, part.bytes, next)) {
      learn(part, next);
      return true;
    }
    // Another was at it too, or an answer of ours was lost.
    const found = await store.read(part.index);
    if (found !== null && isProgress(found, part.length)) learn(part, found);
    else await store.add(part.index, part.bytes);
    return false;
  }

  async function bring(part: Part, batch: ReadonlyMap<number, Waiting>): Promise<void> {
    for (let tries = 1; !stopped; tries += 1) {
      try {
        if (await write(part, batch)) break;
        // The next try begins with what is there.
        if (tries <= TRIES_AT_ONCE) continue;
      } catch (error) {
        if (hasCode(error, 'ERR_STORE_CLOSED')) break;
      }
      await pause(tries);
    }
    for (const [offset, { warmed, resolve }] of batch) resolve(isDone(part.bytes, offset, warmed));
  }

  async function bringAll(part: Part): Promise<void> {
    part.isWritten = true;
    while (part.waiting.size > 0) {
      const batch = part.waiting;
      part.waiting = new Map();
      await bring(part, batch);
    }
    part.isWritten = false;
  }

  return {
    counts: () => ({ warmed, failed }),
    isToDo: (part, offset) => isToDo(parts[part]!.bytes, offset),
    hasToDo: (part) => {
      const { counts, length } = parts[part]!;
      return counts.warmed + counts.failed < length;
    },
    done(index, offset, isWarmed) {
      const part = parts[index]!;
      return new Promise((resolve) => {
        part.waiting.set(offset, { warmed: isWarmed, resolve });
        if (!part.isWritten) void bringAll(part);
      });
    },
    stop() {
      stopped = true;
    },
  };
}
