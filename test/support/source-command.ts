import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const HOOKS = resolve(import.meta.dirname, 'typescript-hooks.mjs');
const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

export interface CommandRun {
  /** The exit code, or the signal that ended it. */
  readonly how: number | string;
  readonly output: string;
  readonly errors: string;
}

export interface RunningCommand {
  /** What it has written to standard output so far. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<CommandRun>;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** What Node.js is given to run `cachegate` from its sources. */
export function sourceCommand(args: readonly string[]): string[] {
  return ['--import', HOOKS, MAIN, ...args];
}

/** Starts `cachegate` from its sources, as an operator runs it. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const child = spawn(process.execPath, sourceCommand(args), {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  return {
    output: () => output,
    signal: (name) => void child.kill(name),
    ended: once(child, 'close').then(([code, signal]) => ({ how: code ?? signal, output, errors })),
  };
}

export function runCommand(args: readonly string[], options?: CommandOptions): Promise<CommandRun> {
  return startCommand(args, options).ended;
}
