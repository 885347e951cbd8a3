import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { within } from '../../src/deadline.ts';

/** An application process with a cached function, `square`. */
export interface FunctionProcess {
  /** Calls it so often at once, with so many different arguments. */
  call(calls: number, asked: FunctionAsked): Promise<FunctionCalls>;
  close(): Promise<void>;
}

export interface FunctionAsked {
  /** The arguments are `keys` numbers from this on. */
  readonly from: number;
  readonly keys: number;
  /** How long the function takes. */
  readonly tookMs: number;
}

export interface FunctionCalls {
  /** How often the function itself was carried out, here. */
  readonly executions: number;
  /** Results that were what they have to be. */
  readonly right: number;
  /** Results that are objects of their own. */
  readonly distinct: number;
}

const PROGRAM = resolve(import.meta.dirname, 'function-program.ts');
const HOOKS = resolve(import.meta.dirname, 'typescript-hooks.mjs');
// With the start of the process.
const DEADLINE_MS = 30_000;

/** @param env names the store */
export function startFunctionProcess(env: Record<string, string>): FunctionProcess {
  const child = fork(PROGRAM, [], {
    env: { ...process.env, ...env },
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

  return {
    call(calls, asking) {
      const id = asked++;
      const answer = new Promise<FunctionCalls>((resolve, reject) => waiting.set(id, { resolve, reject }));
      child.send({ id, calls, ...asking });
      return within(DEADLINE_MS, answer, () => new Error('No answer'));
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    },
  };
}
