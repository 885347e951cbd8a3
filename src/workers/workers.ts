import cluster from 'node:cluster';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CachegateError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import { createDeferred } from './deferred.ts';
import type { Assignment, WorkerReport } from './messages.ts';
import { createPost } from './post.ts';
import type { SessionAnswer, SessionCall } from './session-calls.ts';
import { launchWorker } from './worker.ts';

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
  /** What one of those that serve says to a question on own sessions; `null` when none answers in time. */
  askSessions(call: SessionCall): Promise<SessionAnswer | null>;
  /** Rejects when no worker is left and none can be started any more. */
  readonly lost: Promise<never>;
  /** Answers whether all that was under way finished. */
  stop(deadlineMs: number): Promise<boolean>;
}

export interface WorkersOptions {
  readonly count: number;
  readonly assignment: Omit<Assignment, 'worker'>;
  readonly log: Log;
  /** What a worker may take, in milliseconds, to let go of its store after its requests have ended. */
  readonly graceMs: number;
}

const PROGRAM = fileURLToPath(new URL(`./worker-process${extname(import.meta.url)}`, import.meta.url));
// With the pauses between them about 3 s; whoever looks after the primary then starts it anew.
const MAX_ATTEMPTS = 5;

export function createWorkers({ count, assignment, log, graceMs }: WorkersOptions): Workers {
  // By structured clone: a setting may be a number that JSON does not have.
  cluster.setupPrimary({ exec: PROGRAM, args: [], serialization: 'advanced' });
  const lost = createDeferred<never>();
  const posts = Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    return createPost({
      number,
      launch: () => launchWorker({ worker: number, ...assignment }),
      log,
      onFailedAgain: (attempts, error) => {
        if (attempts >= MAX_ATTEMPTS && ready() === 0) lost.reject(lostError(error));
      },
      onError: lost.reject,
    });
  });
  const serving = () => posts.flatMap((post) => post.serving() ?? []);
  const ready = () => serving().length;
  const stop = async (deadlineMs: number) => {
    const stopped = await Promise.all(posts.map((post) => post.stop(deadlineMs, graceMs)));
    return stopped.every((finished) => finished);
  };

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
    askSessions: async (call) => (await serving()[0]?.askSessions(call)) ?? null,
    async reports() {
      const reports = await Promise.all(serving().map((worker) => worker.report()));
      return reports.filter((report) => report !== null);
    },
  };
}

function lostError(cause: unknown): CachegateError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CachegateError('ERR_SERVER_WORKER', `no worker is left, and none can be started: ${reason}`, {
    cause,
  });
}
