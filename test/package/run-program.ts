import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Then it is ended, and has failed. 60 s by default: a busy machine may take long to start a process. */
  readonly deadlineMs?: number;
}

/** Runs a program to its end; answers what it has printed. @throws Error with its last words unless it exits with 0 */
export async function runProgram(program: string, args: readonly string[], options: RunOptions) {
  const { cwd, env = {}, deadlineMs = 60_000 } = options;
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const [code, signal] = await once(child, 'close');
  if (code === 0) return output;
  const words = `${output.slice(-4_000)}\n${errors.slice(-4_000)}`;
  throw new Error(`${program} ${args.join(' ')} has ended with ${signal ?? code}:\n${words}`);
}
