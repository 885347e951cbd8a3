import { hasCode } from '../errors.ts';
import type { Lease } from '../store/store.ts';
import type { JobHead } from './job-head.ts';
import { JOB_TTL_MS, type StoredJob, type WarmStore } from './warm-store.ts';

/** A job that this process is at: its head and its lease in the store. */
export interface HeldJob {
  readonly head: JobHead;
  /** Somebody has cancelled it. */
  readonly isCancelled: boolean;
  /** Another is at it or has settled it, or it is gone: nothing of it is this process's to write. */
  readonly isLost: boolean;
  /**
   * One look at the store: lengthens the lease where it is time, hears of a cancellation, and writes what has changed.
   * Calls of it follow one another. @throws CachegateError `ERR_STORE_*`
   */
  sync(change: (head: JobHead) => JobHead): Promise<void>;
  /** Gives the lease back, if this process has it. @throws CachegateError `ERR_STORE_*` */
  release(): Promise<void>;
}

export interface HeldJobOptions {
  readonly store: WarmStore;
  readonly job: StoredJob;
  readonly lease: Lease;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

// Three renewals may fail before others take the job for left.
const RENEWALS = 4;

export function createHeldJob({ store, job, lease, now }: HeldJobOptions): HeldJob {
  let current = job;
  let renewAt = now();
  let writtenAt = Number.NEGATIVE_INFINITY;
  let lost = false;

  const isCancelled = () => current.head.state === 'cancelled';

  /** A lease that has run out is this process's again if nobody has taken it since. */
  async function holds(): Promise<boolean> {
    if (now() < renewAt) return true;
    const at = now();
    const held = (await store.renew(job.key, lease)) || (await store.begin(job.key, lease)).kind === 'held';
    if (held) renewAt = at + lease.ttlMs / RENEWALS;
    return held;
  }

  async function look(): Promise<void> {
    const found = await store.find(job.key);
    if (found === null || isTaken(found.head)) lost = true;
    else current = found;
  }

  /** What was read at the start may have been old: whoever was at it then may have settled it. */
  const isTaken = ({ runner, settled }: JobHead) =>
    runner !== lease.holder && (runner !== job.head.runner || settled);

  async function write(head: JobHead): Promise<boolean> {
    const written = await store.replace(current, head);
    if (written === null) return false;
    current = written;
    writtenAt = now();
    return true;
  }

  async function sync(change: (head: JobHead) => JobHead): Promise<void> {
    if (lost) return;
    if (!(await holds())) {
      lost = true;
      return;
    }
    const isDue = now() - writtenAt > JOB_TTL_MS / 7;
    const next = { ...change(current.head), runner: lease.holder };
    if (!isDue && JSON.stringify(next) === JSON.stringify(current.head)) return look();
    // What another has changed goes before what is to be written here.
    if (!(await write(next))) await look();
  }

  let turn: Promise<unknown> = Promise.resolve();
  return {
    get head() {
      return current.head;
    },
    get isCancelled() {
      return isCancelled();
    },
    get isLost() {
      return lost;
    },
    sync(change) {
      const own = turn.then(() => sync(change));
      turn = own.catch((error: unknown) => {
        if (hasCode(error, 'ERR_STORE_CLOSED')) lost = true;
      });
      return own;
    },
    release: () => store.end(job.key, lease),
  };
}
