import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const START_DEADLINE_MS = 15_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** An application on the built package that runs as a child of this process, as its README says. */
export interface ExampleApp {
  /** Asks it to end, as a supervisor does. Answers the exit code. */
  end(): Promise<number | null>;
  /** All that it has printed. */
  output(): string;
}

/** Resolves when it says that it listens. @throws Error with its last words when it ends before, or does not in time. */
export async function startExampleApp(file: string, env: Record<string, string>): Promise<ExampleApp> {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const exited = once(child, 'exit').finally(() => running.delete(child));
  let output = '';
  const late = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
  await new Promise<void>((listening, reject) => {
    const listen = (data: Buffer) => {
      output += data;
      if (output.includes('Listening on http://')) listening();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    void exited.then(() => reject(new Error(`${file} ended; its last words:\n${output}`)));
  }).finally(() => clearTimeout(late));
  return {
    output: () => output,
    async end() {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}
