import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { within } from '../../src/deadline.ts';

/** A process that has a store's folder open, and does what it is asked to by name and arguments. */
export interface LmdbProcess {
  /** What a method of the store answers there. Bytes are given and answered as Buffers. */
  call<T>(method: string, ...args: unknown[]): Promise<T>;
  /** Calls the method so often, all at once. */
  repeat<T>(times: number, method: string, ...args: unknown[]): Promise<T[]>;
  /** The bases that a listener there was told of since the last call. */
  heard(): Promise<string[]>;
  /** Has it write for ever, each value twice under two keys. */
  writeForEver(prefix: string): Promise<void>;
  /** Resolves when it has written so many. */
  written(count: number): Promise<void>;
  /** The number of the last value that it has said to have written. */
  lastWritten(): number;
  /** Resolves when it has stopped itself in the middle of reading a key. */
  stopReading(key: string): Promise<void>;
  /** Resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  close(): Promise<void>;
}

const PROGRAM = resolve(import.meta.dirname, 'lmdb-program.ts');
const HOOKS = resolve(import.meta.dirname, 'typescript-hooks.mjs');
/** The number of the message that says how many values were written. */
const WRITTEN = -1;
const DEADLINE_MS = 15_000;

export interface LmdbProcessOptions {
  /** What its files can't grow beyond, as if the disk were full. */
  readonly fileKib?: number;
}

/** Starts one, which opens the folder. */
export function startLmdbProcess(path: string, { fileKib }: LmdbProcessOptions = {}): LmdbProcess {
  const child = fork(PROGRAM, [path], {
    ...(fileKib === undefined ? { execArgv: ['--import', HOOKS] } : limited(fileKib)),
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const answers = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  let written = 0;
  let onWritten = () => {};
  child.on('message', ({ id, value, code }: { id: number; value?: unknown; code?: string }) => {
    if (id === WRITTEN) {
      written = value as number;
      return onWritten();
    }
    const waiting = answers.get(id);
    answers.delete(id);
    if (code === undefined) waiting?.resolve(value as never);
    else waiting?.reject(Object.assign(new Error(code), { code }));
  });
  child.on('error', () => {});

  function ask<T>(kind: string, times: number, args: readonly unknown[]): Promise<T> {
    const id = asked++;
    const answer = new Promise<T>((resolve, reject) => answers.set(id, { resolve, reject }));
    child.send({ id, kind, times, args });
    return within(DEADLINE_MS, answer, () => new Error(`No answer to ${kind}`));
  }

  return {
    call: async <T>(method: string, ...args: unknown[]) => (await ask<T[]>(method, 1, args))[0]!,
    repeat: (times, method, ...args) => ask(method, times, args),
    heard: () => ask('heard', 0, []),
    writeForEver: (prefix) => ask('writeForEver', 0, [prefix]),
    written: (count) =>
      new Promise((resolve) => {
        onWritten = () => (written >= count ? resolve() : undefined);
        onWritten();
      }),
    lastWritten: () => written,
    stopReading: async (key) => {
      await ask('stopReading', 0, [key]);
      await stopped(child);
    },
    kill: (signal) => ended(child, signal),
    close: async () => {
      await ask('close', 1, []);
      await ended(child, 'SIGKILL');
    },
  };
}

/** By a shell, which sets the limit in units of 512 bytes and leaves its signal to the write that fails. */
function limited(fileKib: number): { execPath: string; execArgv: string[] } {
  const script = `trap '' XFSZ; ulimit -f ${fileKib * 2}; exec '${process.execPath}' --import '${HOOKS}' "$0" "$@"`;
  return { execPath: '/bin/sh', execArgv: ['-c', script] };
}

async function stopped(child: ChildProcess): Promise<void> {
  for (const since = Date.now(); Date.now() - since < DEADLINE_MS; await setTimeout(10)) {
    if (/^State:\tT/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8'))) return;
  }
  throw new Error('The process did not stop');
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
