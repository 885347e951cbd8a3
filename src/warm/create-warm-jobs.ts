import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { CachegateError } from '../errors.ts';
import type { WarmObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import { storeFailure } from '../store/reading.ts';
import type { Lease, Store } from '../store/store.ts';
import { storeClosed } from '../store/store-errors.ts';
import type { WarmOne } from './fetch-item.ts';
import { isOpen, type JobHead, reportOf } from './job-head.ts';
import { createJobSearch } from './job-search.ts';
import { type RunningJob, runJob } from './run-job.ts';
import { createStartTurn } from './start-turn.ts';
import type { WarmItem } from './warm-items.ts';
import type { WarmJobs, WarmReport } from './warm-job.ts';
import { checkedWarm, invalidWarm, type WarmDefaults, type WarmOrder } from './warm-request.ts';
import { createWarmStore, type StoredJob, type WarmStore } from './warm-store.ts';

export interface WarmJobsOptions extends WarmDefaults {
  readonly store: Store;
  readonly keys: Pick<StoreKeys, 'warm' | 'warmPart' | 'warmTag'>;
  readonly clock: Clock;
  readonly observer: WarmObserver;
  /** Fetches one URL into the cache. */
  readonly warmOne: WarmOne;
  /** For tests. */
  readonly timing?: Partial<WarmTiming>;
}

/** In milliseconds. */
export interface WarmTiming {
  /** How long a job stays with a process that has died. */
  readonly leaseMs: number;
  /** How often whoever is at a job tells the store, and asks whether it was cancelled. */
  readonly lookMs: number;
  /** How often a process looks for jobs that nobody is at; 0: never. */
  readonly searchMs: number;
  /** The least wait before an item is tried again. */
  readonly retryMs: number;
  /** How long what is under way may go on when the process stops. */
  readonly graceMs: number;
}

/** Jobs that are remembered; the oldest of those that have ended go first. */
const MAX_JOBS = 100;
const MAX_RUNNING = 10;
/** The longest that a start keeps others waiting: its process may have died, or not know that it is its turn. */
const START_TURN_MS = 5_000;
const START_WAIT_MS = 15_000;
/** Who cancels waits so long at most until whoever is at it has heard of it. */
const CANCEL_WAIT_MS = 1_500;
const CANCEL_LOOK_MS = 100;
const MAX_CANCEL_TRIES = 100;

const TIMING: WarmTiming = { leaseMs: 10_000, lookMs: 500, searchMs: 5_000, retryMs: 1_000, graceMs: 500 };
const LEASE = 'warm';
const PROCESS = randomBytes(9).toString('base64url');
let runs = 0;

/** Jobs on the store port. Nothing is asked of it before the start is over. */
export function createWarmJobs(options: WarmJobsOptions): WarmJobs & { close(): Promise<void> } {
  const { clock, observer } = options;
  const timing: WarmTiming = { ...TIMING, searchMs: searchMs(options.store), ...options.timing };
  const store = createWarmStore(options.store, options.keys);
  /** By their keys; those that this process is at. */
  const running = new Map<string, RunningJob>();
  let closed = false;

  const newLease = (): Lease => {
    runs += 1;
    return { name: LEASE, holder: `${PROCESS}:${runs.toString(36)}`, ttlMs: timing.leaseMs };
  };

  const inTurn = createStartTurn({
    store: options.store,
    // No job's id.
    base: store.key('start'),
    newLease: () => ({ ...newLease(), ttlMs: START_TURN_MS }),
    waitMs: START_WAIT_MS,
  });

  function run(job: StoredJob, lease: Lease, items: readonly WarmItem[] | null): void {
    const one = runJob({ ...options, ...timing, store, items }, job, lease);
    running.set(job.key, one);
    void one.over.then(() => running.delete(job.key));
    if (closed) void one.leave(timing.graceMs);
  }

  /** Goes on with a job if nobody is at it. */
  async function take(key: string): Promise<void> {
    if (closed || running.has(key)) return;
    const lease = newLease();
    if ((await store.begin(key, lease)).kind !== 'held') return;
    // Whoever was at it may have brought it to its end.
    const job = await store.find(key);
    if (job !== null && isOpen(job.head) && !closed && !running.has(key)) run(job, lease, null);
    else await store.end(key, lease);
  }

  const search = createJobSearch({
    store,
    take,
    everyMs: timing.searchMs,
    isHere: (key) => running.has(key),
  });

  /** Makes room for one more. @throws CachegateError `ERR_WARM_INVALID` */
  async function makeRoom(): Promise<void> {
    const jobs = await allJobs(store);
    if (jobs.filter(({ head }) => isOpen(head)).length >= MAX_RUNNING) {
      throw invalidWarm(`${MAX_RUNNING} jobs are running: wait for one to end, or cancel it`);
    }
    const ended = jobs.filter(({ head }) => !isOpen(head));
    const surplus = ended.slice(MAX_JOBS - 1 - (jobs.length - ended.length));
    if (surplus.length > 0) await store.drop(surplus.map(({ key }) => key));
  }

  async function create(order: WarmOrder): Promise<StoredJob> {
    const id = randomBytes(8).toString('hex');
    const lease = newLease();
    const head = newHead(id, order, lease.holder, clock.now());
    const key = store.key(id);
    try {
      // Before anybody can find the job.
      if (!head.settled) await store.begin(key, lease);
      const job = await store.create(head, head.settled ? [] : order.items);
      if (!head.settled) run(job, lease, order.items);
      return job;
    } catch (error) {
      // What was not told to exist shall not go on.
      await store.drop([key]).catch(() => {});
      throw error;
    }
  }

  async function start(request: Parameters<WarmJobs['start']>[0]): Promise<WarmReport> {
    const order = await checkedWarm(request, options);
    const { key, head } = await inTurn(async () => {
      if (closed) throw storeClosed();
      await makeRoom();
      return create(order);
    });
    observer.warmJobChanged?.(head.id, 'running');
    if (head.settled) observer.warmJobChanged?.(head.id, 'done');
    return running.get(key)?.report() ?? reportOf(head);
  }

  async function markCancelled(key: string): Promise<StoredJob | null> {
    for (let tries = 0; tries < MAX_CANCEL_TRIES; tries++) {
      const job = await store.find(key);
      if (job === null || job.head.state !== 'running') return job;
      const cancelled = { ...job.head, state: 'cancelled', endedAt: clock.now() } as const;
      const marked = await store.replace(job, cancelled);
      if (marked === null) continue;
      observer.warmJobChanged?.(job.head.id, 'cancelled');
      return marked;
    }
    throw new CachegateError('ERR_STORE_UNAVAILABLE', 'The job could not be cancelled: it changes too fast');
  }

  async function cancel(key: string): Promise<WarmReport | null> {
    let job = await markCancelled(key);
    running.get(key)?.look();
    // Where nobody is at it, it is settled here.
    if (job?.head.settled === false) await take(key);
    const until = performance.now() + CANCEL_WAIT_MS;
    while (job !== null && !job.head.settled && performance.now() < until) {
      await sleep(CANCEL_LOOK_MS, undefined, { ref: false });
      job = await store.find(key);
    }
    return job === null ? null : reportOf(job.head);
  }

  const report = (job: StoredJob) => running.get(job.key)?.report() ?? reportOf(job.head);

  return {
    start: (request) => coded(() => start(request)),
    report: (id) =>
      coded(async () => {
        if (!isId(id)) return null;
        const key = store.key(id);
        const job = running.has(key) ? null : await store.find(key);
        return job === null ? (running.get(key)?.report() ?? null) : report(job);
      }),
    list: () => coded(async () => (await allJobs(store)).slice(0, MAX_JOBS).map(report)),
    cancel: (id) => coded(async () => (isId(id) ? cancel(store.key(id)) : null)),
    async close() {
      closed = true;
      search.stop();
      await Promise.all([...running.values()].map((one) => one.leave(timing.graceMs)));
    },
  };
}

/** In memory nobody else can have left a job; over REST each look is paid for. */
function searchMs({ kind }: Store): number {
  if (kind === 'memory') return 0;
  return kind === 'kv-rest' ? 60_000 : TIMING.searchMs;
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[0-9a-f]{16}$/.test(id);
}

function newHead(id: string, order: WarmOrder, runner: string, now: number): JobHead {
  const { items, duplicates, template, concurrency } = order;
  const isEmpty = items.length === 0;
  return {
    id,
    state: isEmpty ? 'done' : 'running',
    settled: isEmpty,
    runner,
    createdAt: now,
    endedAt: isEmpty ? now : null,
    total: items.length,
    duplicates,
    warmed: 0,
    failed: 0,
    rate: 0,
    template,
    concurrency,
    failures: [],
  };
}

/** The newest first. */
async function allJobs(store: WarmStore): Promise<readonly StoredJob[]> {
  const jobs = await store.findAll(await store.keys());
  return [...jobs].sort((a, b) => b.head.createdAt - a.head.createdAt || (a.key < b.key ? 1 : -1));
}

async function coded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeFailure(error);
  }
}
