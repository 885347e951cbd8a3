import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { within } from '../../src/deadline.ts';
import type { HotTarget, Stats } from '../../src/statistics/stats.ts';

/** An application process whose cache is asked for what the test says, and which counts it. */
export interface StatisticsProcess {
  /** Looks values up, so many that are there and so many that are not. */
  values(hits: number, misses: number): Promise<void>;
  fetch(url: string): Promise<void>;
  /** What it has counted by itself. */
  stats(): Promise<Stats>;
  complete(): Promise<Stats>;
  hottest(limit: number): Promise<readonly HotTarget[]>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Ends it in order. */
  close(): Promise<void>;
}

const PROGRAM = resolve(import.meta.dirname, 'statistics-program.ts');
const HOOKS = resolve(import.meta.dirname, 'typescript-hooks.mjs');
// With the start of the process.
const DEADLINE_MS = 30_000;

/** @param options of `createCachegate` */
export function startStatisticsProcess(options: object): StatisticsProcess {
  const child = fork(PROGRAM, [JSON.stringify(options)], {
    execArgv: ['--import', HOOKS],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  child.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(value as never);
    else asker?.reject(new Error(error));
  });
  child.on('error', () => {});

  function ask<T>(kind: string, argument = ''): Promise<T> {
    const id = asked++;
    const answer = new Promise<T>((resolve, reject) => waiting.set(id, { resolve, reject }));
    child.send({ id, kind, argument });
    return within(DEADLINE_MS, answer, () => new Error(`No answer to ${kind}`));
  }

  async function ended(end: () => void): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    end();
    await exit;
  }

  return {
    values: (hits, misses) => ask('values', `${hits},${misses}`),
    fetch: (url) => ask('fetch', url),
    stats: () => ask('stats'),
    complete: () => ask('complete'),
    hottest: (limit) => ask('hottest', String(limit)),
    kill: () => ended(() => child.kill('SIGKILL')),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      await ask('close');
      await ended(() => child.disconnect());
    },
  };
}
