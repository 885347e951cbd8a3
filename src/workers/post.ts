import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../observe/log.ts';
import { backoffMs } from '../store/backoff.ts';
import type { Worker } from './worker.ts';

/** The place of one worker, which is filled again whenever the worker ends. */
export interface Post {
  readonly number: number;
  /** Starts its first worker. Resolves with the URL, rejects when it can't start. */
  start(): Promise<string>;
  /** The worker that serves now. */
  serving(): Worker | null;
  /** Lets the worker finish, kills it after that; nobody follows. Answers whether all finished. */
  stop(deadlineMs: number, graceMs: number): Promise<boolean>;
}

export interface PostOptions {
  readonly number: number;
  readonly launch: () => Worker;
  readonly log: Log;
  /** A replacement could not start, the last of so many in a row that ended soon. */
  readonly onFailedAgain: (attempts: number, error: unknown) => void;
  /** Something that nobody expected; the post stays empty. */
  readonly onError: (error: unknown) => void;
}

/** How it went to fill a post. */
type Filled = { readonly worker: Worker } & ({ readonly url: string } | { readonly error: unknown });

// One that has lived for so long did not end because of what it started with.
const STEADY_MS = 10_000;

export function createPost({ number, launch, log, onFailedAgain, onError }: PostOptions): Post {
  /** From its launch to its end. */
  let worker: Worker | null = null;
  let serving: Worker | null = null;
  const stopping = new AbortController();

  async function fill(): Promise<Filled> {
    const launched = launch();
    worker = launched;
    void launched.ended.then(() => {
      if (worker === launched) worker = null;
      if (serving === launched) serving = null;
    });
    try {
      const url = await launched.ready;
      serving = launched;
      return { worker: launched, url };
    } catch (error) {
      return { worker: launched, error };
    }
  }

  /** Replaces workers as they end, at once or, where they end soon after their start, after a while. */
  async function keepFilled(first: Worker): Promise<void> {
    let current = first;
    let failures = 0;
    for (;;) {
      const { how, livedMs } = await current.ended;
      if (stopping.signal.aborted) return;
      failures = livedMs < STEADY_MS ? failures + 1 : 0;
      log.error({ worker: number, pid: current.pid }, `Worker ${number} ended (${how}); another follows`);
      if (failures > 0) await pause(backoffMs(failures, Math.random()), null, stopping).catch(() => {});
      if (stopping.signal.aborted) return;
      const filled = await fill();
      current = filled.worker;
      tell(filled, failures);
    }
  }

  function tell(filled: Filled, failures: number): void {
    const about = { worker: number, pid: filled.worker.pid };
    if ('url' in filled) {
      log.info({ ...about, url: filled.url }, `Worker ${number} serves again`);
    } else if (!stopping.signal.aborted) {
      log.error({ ...about, err: filled.error }, `Worker ${number} could not start`);
      onFailedAgain(failures, filled.error);
    }
  }

  return {
    number,
    serving: () => serving,
    async start() {
      const filled = await fill();
      if ('error' in filled) throw filled.error;
      keepFilled(filled.worker).catch(onError);
      return filled.url;
    },
    async stop(deadlineMs, graceMs) {
      stopping.abort();
      if (worker === null) return true;
      const { ended, kill } = worker;
      worker.stop(deadlineMs);
      const straggler = setTimeout(kill, deadlineMs + graceMs);
      const { finished } = await ended;
      clearTimeout(straggler);
      return finished;
    },
  };
}
