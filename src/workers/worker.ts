import cluster from 'node:cluster';
import { CachegateError } from '../errors.ts';
import { createDeferred } from './deferred.ts';
import type { Assignment, FromWorker, ToWorker, WorkerReport } from './messages.ts';
import { receivedError, type SentError, sentError } from './sent-error.ts';
import { CALL_DEADLINE_MS, type Call, type CallAnswer } from './worker-calls.ts';
import { createWorkerRequests } from './worker-requests.ts';

/** A worker process, as the primary sees it. */
export interface Worker {
  readonly pid: number | undefined;
  /** Resolves with the URL it listens on; rejects when it can't start, or has not within 30 s. */
  readonly ready: Promise<string>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<WorkerEnd>;
  /** What it tells now; `null` when it does not answer in time. */
  report(): Promise<WorkerReport | null>;
  /** What it says to a question; `null` when it does not answer in time. */
  ask(call: Call, deadlineMs?: number): Promise<CallAnswer | null>;
  /** Gives it another configuration. Resolves with what is wrong with it there; `null` when nothing is. */
  reload(assignment: Assignment): Promise<SentError | null>;
  /** Lets it finish what is under way, for `deadlineMs` at most. */
  stop(deadlineMs: number): void;
  kill(): void;
}

export interface WorkerEnd {
  /** `exit code 1`, or the signal's name. */
  readonly how: string;
  /** It has stopped as it was told, and all that was under way finished. */
  readonly finished: boolean;
  readonly livedMs: number;
}

// Code of a configuration is compiled on the way, which takes seconds on a small machine.
const START_DEADLINE_MS = 30_000;
const REPORT_DEADLINE_MS = 500;

/** Starts a process for this. Its program is the one that `cluster.setupPrimary` was told. */
export function launchWorker(assignment: Assignment): Worker {
  const forked = cluster.fork();
  const launchedAt = performance.now();
  const ready = createDeferred<string>();
  const ended = createDeferred<WorkerEnd>();
  const reports = createWorkerRequests<undefined, WorkerReport>(
    (id) => send({ type: 'report', id }),
    REPORT_DEADLINE_MS,
  );
  const calls = createWorkerRequests<Call, CallAnswer>(
    (id, call) => send({ type: 'call', id, call }),
    CALL_DEADLINE_MS,
  );
  const reloads = createWorkerRequests<Assignment, { readonly error: SentError | null }>(
    (id, assigned) => send({ type: 'reload', id, assignment: assigned }),
    START_DEADLINE_MS,
  );
  let hears = false;
  let finished = false;
  const kill = () => void forked.process.kill('SIGKILL');
  const late = setTimeout(() => {
    ready.reject(startError(assignment, `did not start within ${START_DEADLINE_MS / 1000} s`));
    kill();
  }, START_DEADLINE_MS);

  function send(message: ToWorker): void {
    // What can't be sent is for a process that is about to be gone.
    if (forked.isConnected()) forked.send(message, () => {});
  }
  function receive(message: FromWorker): void {
    switch (message.type) {
      case 'hearing':
        hears = true;
        send({ type: 'serve', assignment });
        break;
      case 'ready':
        clearTimeout(late);
        ready.resolve(message.url);
        break;
      case 'failed':
        ready.reject(receivedError(message.error));
        break;
      case 'report':
        reports.answer(message.id, message.report);
        break;
      case 'call':
        calls.answer(message.id, message.answer);
        break;
      case 'reloaded':
        reloads.answer(message.id, message);
        break;
      case 'stopped':
        finished = message.finished;
        break;
    }
  }
  function end(how: string): void {
    clearTimeout(late);
    ready.reject(startError(assignment, `ended while it started (${how})`));
    reports.end();
    calls.end();
    reloads.end();
    ended.resolve({ how, finished, livedMs: performance.now() - launchedAt });
  }
  forked.on('message', receive);
  forked.on('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  // A process that could not be made has no exit; after any other error it has one.
  forked.on('error', (error) => {
    if (forked.process.pid === undefined) end(error.message);
  });

  return {
    pid: forked.process.pid,
    ready: ready.promise,
    ended: ended.promise,
    report: () => reports.ask(undefined),
    ask: calls.ask,
    async reload(assigned) {
      const answer = await reloads.ask(assigned);
      return answer === null ? sentError(startError(assigned, 'did not answer in time')) : answer.error;
    },
    stop(deadlineMs) {
      // One that does not hear yet has nothing under way.
      if (hears) send({ type: 'stop', deadlineMs });
      else kill();
    },
    kill,
  };
}

function startError({ worker }: Assignment, what: string): CachegateError {
  return new CachegateError('ERR_SERVER_WORKER', `worker ${worker} ${what}`);
}
