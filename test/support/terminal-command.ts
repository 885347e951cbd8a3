import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { sourceCommand } from './source-command.ts';

/** `cachegate` in a terminal of its own. */
export interface TerminalCommand {
  /** All that was written to the terminal so far. */
  screen(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): Promise<void>;
  /** The exit code, and how the terminal was left (`stty -a`). */
  readonly ended: Promise<{ readonly how: number; readonly screen: string; readonly settings: string }>;
  kill(): void;
}

const NAME = /^@@(\/dev\/\S+)\r?\n/;
const AFTER = '@@after ';

/** Starts it from its sources, in a terminal of 80 by 24 made by `script` of util-linux. */
export async function startInTerminal(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<TerminalCommand> {
  const command = [process.execPath, ...sourceCommand(args)].map(quoted).join(' ');
  // The shell outlives what ends the command.
  const shell = `trap : INT; stty cols 80 rows 24; echo "@@$(tty)"; ${command}; code=$?; echo "${AFTER}$code $(stty -a | tr '\\n' ' ')"`;
  const child = spawn('script', ['--quiet', '--command', shell, '/dev/null'], {
    env: { ...process.env, NO_COLOR: '1', TERM: 'xterm', SHELL: '/bin/sh', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (written += chunk));
  const ended = once(child, 'close').then(() => {
    const [screen = '', after = ''] = written.replace(NAME, '').split(AFTER);
    const [how = '', settings = ''] = after.split(/ (.*)/s);
    return { how: Number(how), screen, settings };
  });
  while (!NAME.test(written)) await once(child.stdout, 'data');
  const terminal = NAME.exec(written)![1]!;
  return {
    screen: () => written.replace(NAME, ''),
    type: (keys) => void child.stdin.write(keys),
    async resize(columns, rows) {
      await promisify(execFile)('stty', ['-F', terminal, 'cols', String(columns), 'rows', String(rows)]);
    },
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
}

function quoted(argument: string): string {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}
