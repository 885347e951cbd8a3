import cluster from 'node:cluster';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CachegateError } from '../errors.ts';
import { createJoinedMetrics, type Measured } from '../observe/joined-metrics.ts';
import type { Log } from '../observe/log.ts';
import type { MetricsText } from '../observe/metrics-text.ts';
import { createDeferred } from './deferred.ts';
import type { Assignment, WorkerReport } from './messages.ts';
import { createPost, type Post } from './post.ts';
import { receivedError, type SentError } from './sent-error.ts';
import { launchWorker, type Worker } from './worker.ts';
import type { Call, CallAnswer } from './worker-calls.ts';

/** The worker processes of one server. They listen on one address, which the primary holds and hands out. */
export interface Workers {
  /**
   * Starts them all. Resolves with the URL they listen on when every one does; rejects when one can't start, with
   * none left.
   */
  start(): Promise<string>;
  /** How many serve now. */
  ready(): number;
  /** What those that serve tell; those that don't answer in time are left out. */
  reports(): Promise<WorkerReport[]>;
  /** What one of those that serve says to a question; `null` when none answers in time. */
  ask(call: Call): Promise<CallAnswer | null>;
  /** What each of those that serve says to it; those that don't answer in time are left out. */
  askAll(call: Call, deadlineMs: number): Promise<CallAnswer[]>;
  /**
   * Gives all another configuration, also those to come. Answers which did not take it on, and why.
   * @throws CachegateError what the first of them finds wrong with it; all go on as before
   */
  reload(assignment: WorkersOptions['assignment']): Promise<NotRenewed[]>;
  /** What all have measured, and what those that are gone had counted. */
  metrics(): Promise<MetricsText>;
  /** Rejects when no worker is left and none can be started any more. */
  readonly lost: Promise<never>;
  /** Answers whether all that was under way finished. */
  stop(deadlineMs: number): Promise<boolean>;
}

/** A worker that goes on with its former configuration. */
export interface NotRenewed {
  readonly worker: number;
  readonly error: SentError;
}

export interface WorkersOptions {
  readonly count: number;
  readonly assignment: Omit<Assignment, 'worker'>;
  readonly log: Log;
  /** What a worker may take, in milliseconds, to let go of its store after its requests have ended. */
  readonly graceMs: number;
  /** What this process has measured itself. */
  readonly measured: () => Promise<Measured>;
}

const PROGRAM = fileURLToPath(new URL(`./worker-process${extname(import.meta.url)}`, import.meta.url));
// With the pauses between them about 3 s; whoever looks after the primary then starts it anew.
const MAX_ATTEMPTS = 5;
const NOT_RENEWED = 'A worker goes on with its former configuration';

export function createWorkers(options: WorkersOptions): Workers {
  const { count, assignment, log, graceMs } = options;
  let current = assignment;
  // By structured clone: a setting may be a number that JSON does not have.
  cluster.setupPrimary({ exec: PROGRAM, args: [], serialization: 'advanced' });
  const lost = createDeferred<never>();
  const measured = createJoinedMetrics<object>();
  const launch = (number: number): Worker => {
    const given = current;
    const worker = launchWorker({ worker: number, ...given });
    void worker.ended.then(() => measured.ended(worker));
    worker.ready.then(() => (current === given ? null : renew(worker, number))).catch(() => {});
    return worker;
  };
  const posts = Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    return createPost({
      number,
      launch: () => launch(number),
      log,
      onFailedAgain: (attempts, error) => {
        if (attempts >= MAX_ATTEMPTS && ready() === 0) lost.reject(lostError(error));
      },
      onError: lost.reject,
    });
  });

  /** The configuration has changed while it started. */
  async function renew(worker: Worker, number: number): Promise<void> {
    const error = await worker.reload({ worker: number, ...current });
    if (error !== null && serving().includes(worker))
      log.error({ worker: number, err: receivedError(error) }, NOT_RENEWED);
  }

  /** What ends meanwhile is followed by one that begins with what is in force. */
  async function give(post: Post, next: WorkersOptions['assignment']): Promise<NotRenewed | null> {
    const worker = post.serving();
    const error = (await worker?.reload({ worker: post.number, ...next })) ?? null;
    return error !== null && post.serving() === worker ? { worker: post.number, error } : null;
  }

  const serving = () => posts.flatMap((post) => post.serving() ?? []);
  const ready = () => serving().length;
  const stop = async (deadlineMs: number) => {
    const stopped = await Promise.all(posts.map((post) => post.stop(deadlineMs, graceMs)));
    return stopped.every((finished) => finished);
  };

  async function reports(): Promise<WorkerReport[]> {
    const told = serving().map(async (worker) => {
      const report = await worker.report();
      if (report !== null) measured.told(worker, report.metrics);
      return report;
    });
    return (await Promise.all(told)).filter((report) => report !== null);
  }

  return {
    ready,
    stop,
    lost: lost.promise,
    async start() {
      const [first, ...others] = posts;
      try {
        // Alone, so that one error is told once, and one process at a time looks after a socket that a crash has left.
        const url = await first!.start();
        await Promise.all(others.map((post) => post.start()));
        return url;
      } catch (error) {
        await stop(0);
        throw error;
      }
    },
    ask: async (call) => (await serving()[0]?.ask(call)) ?? null,
    async askAll(call, deadlineMs) {
      const answers = await Promise.all(serving().map((worker) => worker.ask(call, deadlineMs)));
      return answers.filter((answer) => answer !== null);
    },
    async reload(next) {
      const first = posts.find((post) => post.serving() !== null) ?? null;
      // Alone: what it finds wrong, those that are to come could not even start with.
      const found = first && (await give(first, next));
      if (found !== null && found.error.code !== 'ERR_SERVER_WORKER') throw receivedError(found.error);
      current = next;
      const results = await Promise.all(posts.map((post) => (post === first ? found : give(post, next))));
      return results.filter((result) => result !== null);
    },
    reports,
    async metrics() {
      measured.told(options, await options.measured());
      await reports();
      return measured.text();
    },
  };
}

function lostError(cause: unknown): CachegateError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CachegateError('ERR_SERVER_WORKER', `no worker is left, and none can be started: ${reason}`, {
    cause,
  });
}
