import type { Operations } from '../admin/operations.ts';
import type { AdminSessions } from '../admin/session-routes.ts';
import { CachegateError } from '../errors.ts';
import type { WarmJobs } from '../warm/warm-job.ts';
import { receivedError, type SentError, sentError } from './sent-error.ts';

/** What the primary can ask of a worker: it has the store. Arguments and answers go as structured clones. */
export interface WorkerCalls {
  listSessions: AdminSessions['list'];
  endSession: AdminSessions['end'];
  endSessions: AdminSessions['endAll'];
  stats: Operations['stats'];
  explain: Operations['explain'];
  purge: Operations['purge'];
  testCache: NonNullable<Operations['testCache']>;
  startWarm: WarmJobs['start'];
  warmReport: WarmJobs['report'];
  warmJobs: WarmJobs['list'];
  cancelWarm: WarmJobs['cancel'];
}

export type CallName = keyof WorkerCalls;

export interface Call {
  readonly name: CallName;
  readonly args: readonly unknown[];
}

export type CallAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: SentError };

/** A purge may take 60 s, and all of a user's sessions may be many; whoever asks waits for as long. */
export const CALL_DEADLINE_MS = 65_000;

/** What a server can be asked for; a part that is not configured is left out. */
export interface CallSources {
  readonly sessions: Omit<AdminSessions, 'status'> | null;
  readonly operations: Operations;
}

/** In the worker. Never rejects. */
export async function answerCall(sources: CallSources | null, { name, args }: Call): Promise<CallAnswer> {
  try {
    if (sources === null) throw new CachegateError('ERR_SERVER_WORKER', 'This worker does not serve yet');
    const call = callsOf(sources)[name] as (...given: readonly unknown[]) => Promise<unknown>;
    return { ok: true, value: await call(...args) };
  } catch (error) {
    return { ok: false, error: sentError(error) };
  }
}

function callsOf({ sessions, operations }: CallSources): WorkerCalls {
  const own = () => {
    if (sessions === null) throw new CachegateError('ERR_SERVER_WORKER', 'This worker has no sessions');
    return sessions;
  };
  return {
    listSessions: async (...args) => own().list(...args),
    endSession: async (...args) => own().end(...args),
    endSessions: async (...args) => own().endAll(...args),
    stats: async () => operations.stats(),
    explain: async (...args) => operations.explain(...args),
    purge: async (...args) => operations.purge(...args),
    testCache: async () => {
      if (operations.testCache === null) throw new CachegateError('ERR_SERVER_WORKER', 'Not in production');
      return operations.testCache();
    },
    startWarm: async (...args) => operations.warm.start(...args),
    warmReport: async (...args) => operations.warm.report(...args),
    warmJobs: async () => operations.warm.list(),
    cancelWarm: async (...args) => operations.warm.cancel(...args),
  };
}

/** `null`: no answer in time. */
export type AskWorker = (call: Call) => Promise<CallAnswer | null>;

/** In the primary: the same calls, answered by a worker. */
export function createRelay(ask: AskWorker): WorkerCalls {
  const relayed =
    (name: CallName) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      const answer = await ask({ name, args });
      if (answer === null) throw new CachegateError('ERR_SERVER_WORKER', 'No worker has answered in time');
      if (answer.ok) return answer.value;
      throw receivedError(answer.error);
    };
  const names: readonly CallName[] = [
    ...(['listSessions', 'endSession', 'endSessions', 'stats', 'explain', 'purge', 'testCache'] as const),
    ...(['startWarm', 'warmReport', 'warmJobs', 'cancelWarm'] as const),
  ];
  return Object.fromEntries(names.map((name) => [name, relayed(name)])) as unknown as WorkerCalls;
}
