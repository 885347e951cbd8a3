import type { Clock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import { storeClosed } from '../store-errors.ts';
import type { LmdbRoot } from './lmdb-module.ts';

/** One transaction, in which the writes of a turn of the event loop are carried out together. */
export interface Turn {
  /** Milliseconds since the epoch; the same for all of the transaction. */
  readonly now: number;
  /** A number that no record of the map has had, greater each time. */
  stamp(): number;
  /** Told to listeners once the transaction is committed. */
  changed(key: string): void;
  dropped(base: string): void;
}

/** What listeners are to be told of a committed transaction, in order. */
export interface Told {
  readonly changed: readonly string[];
  readonly dropped: readonly string[];
}

export interface WriteTurns {
  /**
   * Carries `work` out in the next transaction, alone or with others; it may be carried out again if that fails.
   * @param bytes that it holds on to until then
   * @throws CachegateError, rejected: what the work throws; `ERR_STORE_UNWRITABLE` when the map can't be written;
   *   `ERR_STORE_OVERLOADED` when too much waits.
   */
  run<T>(work: (turn: Turn) => T, bytes?: number): Promise<T>;
  /** Carries out all that waits, and takes nothing more. */
  close(): void;
}

interface Job {
  readonly work: (turn: Turn) => unknown;
  readonly bytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A transaction holds up the event loop, and the other processes' writes: it ends after so much. */
const MAX_JOBS = 128;
const MAX_TURN_BYTES = 1024 * 1024;
/** Of what waits. */
const MAX_WAITING = 20_000;
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** Commit before the call returns; the file is not flushed to the disk. */
const COMMIT_AT_ONCE = 2;
/** Writes of one transaction that can be told apart by their stamp. */
const STAMPS = 65_536;

/**
 * Groups writes: those of one turn share a transaction at its end. It is short and waits for nothing but other
 * processes' transactions, which are as short; LMDB's own queue would hold the lock while this process is busy.
 */
export function createWriteTurns(root: LmdbRoot, clock: Clock, tell: (told: Told) => void): WriteTurns {
  let waiting: Job[] = [];
  let waitingBytes = 0;
  let next: NodeJS.Immediate | null = null;
  let closed = false;

  function run<T>(work: (turn: Turn) => T, bytes = 0): Promise<T> {
    if (closed) return Promise.reject(storeClosed());
    if (waiting.length >= MAX_WAITING || waitingBytes + bytes > MAX_WAITING_BYTES) {
      const message = `Store overloaded: ${waiting.length} writes are waiting`;
      return Promise.reject(new CachegateError('ERR_STORE_OVERLOADED', message));
    }
    waitingBytes += bytes;
    next ??= setImmediate(turn);
    return new Promise<T>((resolve, reject) => {
      waiting.push({ work, bytes, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  function turn(): void {
    next = null;
    const jobs = nextJobs();
    if (waiting.length > 0) next = setImmediate(turn);
    carryOut(jobs);
  }

  function nextJobs(): Job[] {
    let count = 0;
    let bytes = 0;
    while (count < waiting.length && count < MAX_JOBS && bytes < MAX_TURN_BYTES) {
      bytes += waiting[count]!.bytes;
      count += 1;
    }
    const jobs = waiting.slice(0, count);
    waiting = waiting.slice(count);
    waitingBytes -= bytes;
    return jobs;
  }

  function carryOut(jobs: readonly Job[]): void {
    let committed: Committed;
    try {
      committed = commit(root, clock.now(), jobs);
    } catch (error) {
      // One that can't be carried out takes no others with it.
      if (jobs.length > 1) for (const job of jobs) carryOut([job]);
      else jobs[0]!.reject(unwritable(error));
      return;
    }
    tell(committed.told);
    for (const settle of committed.settle) settle();
  }

  return {
    run,
    close() {
      closed = true;
      if (next !== null) clearImmediate(next);
      while (waiting.length > 0) carryOut(nextJobs());
    },
  };
}

interface Committed {
  readonly settle: readonly (() => void)[];
  readonly told: Told;
}

function commit(root: LmdbRoot, now: number, jobs: readonly Job[]): Committed {
  const settle: (() => void)[] = [];
  const told = { changed: [] as string[], dropped: [] as string[] };
  root.transactionSync(() => {
    let stamp = root.getWriteTxnId() * STAMPS;
    const turn: Turn = {
      now,
      stamp: () => stamp++,
      changed: (key) => void told.changed.push(key),
      dropped: (base) => void told.dropped.push(base),
    };
    for (const job of jobs) settle.push(outcome(job, turn));
  }, COMMIT_AT_ONCE);
  return { settle, told };
}

/** A refusal comes before anything is written; any other failure ends the transaction. */
function outcome({ work, resolve, reject }: Job, turn: Turn): () => void {
  try {
    const value = work(turn);
    return () => resolve(value);
  } catch (error) {
    if (error instanceof CachegateError) return () => reject(error);
    throw error;
  }
}

function unwritable(cause: unknown): CachegateError {
  const reason = cause instanceof Error ? cause.message : 'unknown';
  return new CachegateError('ERR_STORE_UNWRITABLE', `Store can't be written: ${reason}`, { cause });
}
