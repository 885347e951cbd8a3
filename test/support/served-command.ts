import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { LogRecord } from './gate.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');
// A busy machine may take long to start several processes.
const START_DEADLINE_MS = 15_000;

/** The built `cachegate serve`, as an operator runs it. */
export interface ServedCommand {
  readonly pid: number;
  /** Every line of standard output so far, as it was logged. */
  readonly log: LogRecord[];
  /** The records whose text begins so. */
  logged(text: string): LogRecord[];
  /** Resolves with the URL of its start line; rejects when it ends before that. */
  readonly url: Promise<string>;
  /** The exit code, or the signal, and what was written to standard error. */
  readonly ended: Promise<{ readonly how: number | string; readonly errors: string }>;
  signal(name: NodeJS.Signals): void;
}

/** A folder with configurations and the commands that serve them; `end` ends the ones and removes the other. */
export interface CommandFolder {
  readonly path: string;
  file(name: string, text: string): Promise<string>;
  /** @param settings of the configuration file, or its name */
  serve(
    settings: object | string,
    args?: readonly string[],
    env?: Record<string, string>,
  ): Promise<ServedCommand>;
  end(): Promise<void>;
}

export async function createCommandFolder(): Promise<CommandFolder> {
  const path = await mkdtemp(join(tmpdir(), 'cachegate-command-'));
  const running: ServedCommand[] = [];
  const file = async (name: string, text: string) => {
    await writeFile(join(path, name), text);
    return join(path, name);
  };
  return {
    path,
    file,
    async serve(settings, args = [], env = {}) {
      const config =
        typeof settings === 'string' ? settings : await file('cachegate.yaml', stringify(settings));
      const command = start(['--config', config, ...args], path, env);
      running.push(command);
      return command;
    },
    async end() {
      for (const command of running) command.signal('SIGKILL');
      await Promise.all(running.map(({ ended }) => ended));
      await rm(path, { recursive: true });
    },
  };
}

function start(args: readonly string[], cwd: string, env: Record<string, string>): ServedCommand {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogRecord[] = [];
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const ended = once(child, 'close').then(([code, signal]) => ({ how: code ?? signal, errors }));
  const url = new Promise<string>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`no start line; on standard error: ${errors}`)),
      START_DEADLINE_MS,
    );
    let rest = '';
    child.stdout.on('data', (chunk) => {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const record = JSON.parse(line) as LogRecord;
        log.push(record);
        if (record.msg.startsWith('Listening on ')) resolve(record.url as string);
      }
    });
    void ended.then(() => reject(new Error(`it ended: ${errors}`)));
    void ended.finally(() => clearTimeout(late));
  });
  url.catch(() => {});
  return {
    pid: child.pid!,
    log,
    logged: (text) => log.filter(({ msg }) => msg.startsWith(text)),
    url,
    ended,
    signal: (name) => void child.kill(name),
  };
}
