import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { within } from '../../src/deadline.ts';
import type { WarmJobs, WarmReport } from '../../src/warm/warm-job.ts';
import { untilSo } from './server-process.ts';
import type { WarmProgram } from './warm-program.ts';

/** A process with jobs that warm. */
export interface WarmProcess extends WarmJobs {
  /** What it has told its observer of the states of jobs, as of its last answer. */
  readonly told: readonly string[];
  /** Resolves when the job has ended. */
  ended(id: string): Promise<WarmReport>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Lets it close its jobs and its store, and ends it. */
  close(): Promise<void>;
}

const PROGRAM = resolve(import.meta.dirname, 'warm-program.ts');
const HOOKS = resolve(import.meta.dirname, 'typescript-hooks.mjs');
const DEADLINE_MS = 20_000;

interface Answered {
  readonly id: number;
  readonly value?: unknown;
  readonly told?: readonly string[];
  readonly error?: string;
}

export function startWarmProcess(program: WarmProgram): WarmProcess {
  const child = fork(PROGRAM, [JSON.stringify(program)], {
    execArgv: ['--import', HOOKS],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  let told: readonly string[] = [];
  child.on('message', ({ id, value, error, told: heard }: Answered) => {
    told = heard ?? told;
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(value as never);
    else asker?.reject(new Error(error));
  });
  child.on('error', () => {});

  function ask<T>(method: string, ...args: unknown[]): Promise<T> {
    const id = asked++;
    const answer = new Promise<T>((resolve, reject) => waiting.set(id, { resolve, reject }));
    child.send({ id, method, args });
    return within(DEADLINE_MS, answer, () => new Error(`No answer to ${method}`));
  }

  async function kill(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    if (signal === 'SIGKILL') await exit;
  }

  const report = (id: string) => ask<WarmReport | null>('report', id);
  return {
    get told() {
      return told;
    },
    start: (request) => ask('start', request),
    report,
    list: () => ask('list'),
    cancel: (id) => ask('cancel', id),
    async ended(id) {
      let last: WarmReport | null = null;
      await untilSo('The end of the job', async () => {
        last = await report(id);
        return last !== null && last.ended_at !== null;
      });
      return last!;
    },
    kill,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      await ask('close');
      await kill('SIGKILL');
    },
  };
}
