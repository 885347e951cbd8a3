import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { WarmObserver } from '../observe/observer.ts';
import { backoffMs } from '../store/backoff.ts';
import type { Lease } from '../store/store.ts';
import { createItemFetcher, type ItemResult, type WarmOne } from './fetch-item.ts';
import { createHeldJob } from './held-job.ts';
import { type JobHead, reportOf, withFailure } from './job-head.ts';
import { PART_SIZE, partLengths } from './job-parts.ts';
import type { JobProgress } from './job-progress.ts';
import { type OpenItem, openItems } from './open-items.ts';
import { type Patience, readProgress } from './read-progress.ts';
import { urlFor, type WarmItem } from './warm-items.ts';
import type { WarmReport } from './warm-job.ts';
import { createWarmPace } from './warm-pace.ts';
import { createWarmRate } from './warm-rate.ts';
import { JOB_TTL_MS, type StoredJob, type WarmStore } from './warm-store.ts';

export interface RunJobOptions {
  readonly store: WarmStore;
  readonly clock: Clock;
  readonly observer: WarmObserver;
  readonly warmOne: WarmOne;
  /** How often the store is told how far it is, and asked whether it is cancelled. */
  readonly lookMs: number;
  readonly retryMs: number;
  /** The job's items, where they are known: what only the store has may be pushed out by what is fetched into it. */
  readonly items: readonly WarmItem[] | null;
}

/** A job that this process is at. */
export interface RunningJob {
  report(): WarmReport;
  /** Looks in the store now. */
  look(): void;
  /** Resolves when this process is at it no more. Never rejects. */
  readonly over: Promise<void>;
  /** Takes no more items, ends what has not come to its end after `graceMs`, and leaves the job to others. */
  leave(graceMs: number): Promise<void>;
}

/** How often all parts are written anew, so that a job that takes weeks does not lose them. */
const RENEW_MS = JOB_TTL_MS / 7;
const LONGEST_PAUSE_MS = 500;

/** Goes on with a job. Whoever calls has its lease. */
export function runJob(options: RunJobOptions, job: StoredJob, lease: Lease): RunningJob {
  const { store, clock, observer, lookMs } = options;
  const now = () => performance.now();
  const held = createHeldJob({ store, job, lease, now });
  const lengths = partLengths(job.head.total);
  const pace = createWarmPace(job.head.concurrency, now);
  const fetcher = createItemFetcher({ ...options, pace, storeAnswers });
  let failures = job.head.failures;
  let progress: JobProgress | null = null;
  let rate = createWarmRate(0, now);
  let left = false;
  let looks = 0;

  const patience: Patience = {
    isLeft: () => left,
    pause: (tries) =>
      sleep(Math.min(LONGEST_PAUSE_MS, backoffMs(tries, Math.random())), undefined, { ref: false }),
  };

  function takeNoMore(): void {
    left = true;
    pace.stop();
  }

  /** With what is in the store of the items. */
  function counted(head: JobHead): JobHead {
    if (head.settled) return head;
    const { warmed, failed } = progress?.counts() ?? head;
    return { ...head, warmed, failed, rate: left ? 0 : rate.perSecond(), failures };
  }

  function settled(head: JobHead): JobHead {
    const state = head.state === 'cancelled' ? 'cancelled' : 'done';
    return { ...counted(head), state, settled: true, rate: 0, endedAt: head.endedAt ?? clock.now() };
  }

  /** Answers whether the store has answered. */
  async function sync(change: (head: JobHead) => JobHead): Promise<boolean> {
    const hasAnswered = await held.sync(change).then(
      () => true,
      () => false,
    );
    // Nobody fetches while what is fetched can't be kept.
    pace.hold(!hasAnswered);
    if (held.isLost) progress?.stop();
    if (held.isLost || held.isCancelled) {
      takeNoMore();
      fetcher.abort();
    }
    return hasAnswered;
  }

  async function look(): Promise<void> {
    if (looks > 1) return;
    looks += 1;
    const { warmed, failed } = counted(held.head);
    rate.note(warmed + failed);
    await sync(counted);
    looks -= 1;
  }

  async function storeAnswers(): Promise<boolean> {
    try {
      await store.find(job.key);
      return true;
    } catch {
      pace.hold(true);
      return false;
    }
  }

  function tell(id: string, result: ItemResult): void {
    const reason = result.kind === 'failed' ? result.reason : null;
    observer.warmed?.(job.head.id, id, reason);
    if (reason === null) return;
    const before = failures;
    failures = withFailure(failures, { id, reason });
    if (failures !== before) void look();
  }

  async function bring({ part, offset, item }: OpenItem, { done: record }: JobProgress): Promise<void> {
    const isBad = typeof item !== 'string';
    const { template } = job.head;
    const result: ItemResult = isBad
      ? { kind: 'failed', reason: item.reason }
      : await fetcher.fetch(template === null ? item : urlFor(template, item));
    if (result.kind === 'stopped') return;
    if (await record(part, offset, result.kind === 'warmed')) tell(isBad ? item.bad : item, result);
  }

  async function bringAll(known: JobProgress): Promise<void> {
    const { items: all } = options;
    const read = async (part: number) =>
      all === null ? store.items(job.key, part) : all.slice(part * PART_SIZE, (part + 1) * PART_SIZE);
    const items = openItems({ ...patience, lengths, progress: known, read });
    const slot = async () => {
      for (let next = await items.next(); !next.done; next = await items.next())
        await bring(next.value, known);
    };
    await Promise.all(Array.from({ length: job.head.concurrency }, slot));
  }

  async function renewParts(): Promise<void> {
    for (const part of lengths.keys()) {
      if (left) return;
      await store.renewPart(job.key, part).catch(() => {});
    }
  }

  /** Until the store has it, or the job is another's. */
  async function settle(): Promise<void> {
    for (let tries = 1; !held.isLost && !held.head.settled; tries += 1) {
      if (!(await sync(settled))) await patience.pause(tries);
    }
    if (held.isLost) return;
    if (held.head.state === 'done') observer.warmJobChanged?.(job.head.id, 'done');
    // What is left of them goes by itself.
    await store.dropItems(job).catch(() => {});
  }

  const isFinished = () =>
    progress !== null && (held.isCancelled || !lengths.some((_, part) => progress!.hasToDo(part)));

  async function work(): Promise<void> {
    for (let tries = 1; !left && !(await sync((head) => head)); tries += 1) await patience.pause(tries);
    // Of one that was cancelled, the counts are still to be made.
    const isLeft = () => held.isLost || (left && !held.isCancelled);
    progress = isLeft() ? null : await readProgress(store, job, { ...patience, isLeft });
    if (progress === null) return;
    const { warmed, failed } = progress.counts();
    rate = createWarmRate(warmed + failed, now);
    const looking = setInterval(() => void look(), lookMs).unref();
    const renewing = setInterval(() => void renewParts(), RENEW_MS).unref();
    await bringAll(progress);
    clearInterval(looking);
    clearInterval(renewing);
    if (isFinished()) await settle();
    else await sync(counted);
  }

  const over = work()
    .then(() => held.release())
    // Only the store can have failed: the lease runs out.
    .catch(() => {});

  return {
    over,
    report: () => reportOf(counted(held.head)),
    look: () => void look(),
    async leave(graceMs) {
      takeNoMore();
      const timers = [
        setTimeout(() => fetcher.abort(), graceMs),
        setTimeout(() => progress?.stop(), 2 * graceMs),
      ];
      await Promise.race([over, sleep(3 * graceMs, undefined, { ref: false })]);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
