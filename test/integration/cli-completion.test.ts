import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, sourceCommand } from '../support/source-command.ts';

// Each starts several processes.
const SLOW_MS = 60_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-completion-'));
  const command = [process.execPath, ...sourceCommand([])].map((part) => `'${part}'`).join(' ');
  await writeFile(join(folder, 'cachegate'), `#!/bin/sh\nexec ${command} "$@"\n`);
  await chmod(join(folder, 'cachegate'), 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

const PROBE = `
source <(cachegate completion bash)
source <(cachegate completion bash)
[[ $(complete -p cachegate) == 'complete -o default -F _cachegate cachegate' ]] || exit 9
probe() {
  COMP_LINE=$1 COMP_POINT=\${#1}
  COMPREPLY=()
  _cachegate cachegate
  printf '%s\\n' "\${COMPREPLY[*]}"
}
`;

/** What bash makes of lines, each asked for as it is typed. */
async function completed(...lines: string[]): Promise<string[]> {
  const script = PROBE + lines.map((line) => `probe '${line.replaceAll("'", `'\\''`)}'`).join('\n');
  const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-c', script], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
  });
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

describe('completion in bash', () => {
  it(
    'has commands, options and values',
    async () => {
      expect(
        await completed(
          'cachegate ex',
          'cachegate warm --admin http://127.0.0.1:9180 st',
          'cachegate purge --s',
          'cachegate explain --method=H',
          'cachegate completion ',
        ),
      ).toEqual(['explain', 'status', '--service --soft', 'HEAD', 'bash zsh fish']);
    },
    SLOW_MS,
  );

  it(
    'runs nothing of what is typed',
    async () => {
      await completed('cachegate warm $(touch a) `touch b` ; touch c; ', `cachegate warm "$(touch d)" '`);
      expect(await readdir(folder)).toEqual(['cachegate']);
    },
    SLOW_MS,
  );

  it(
    'works at the prompt: Tab completes',
    async () => {
      // An interactive bash reads its keys from a terminal, which `script` makes.
      const child = spawn('script', ['--quiet', '--command', 'bash --norc --noprofile -i', '/dev/null'], {
        cwd: folder,
        env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, TERM: 'dumb', PS1: '> ' },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let screen = '';
      child.stdout.on('data', (chunk) => (screen += String(chunk)));
      const ended = new Promise((resolve) => child.once('close', resolve));
      try {
        child.stdin.write('PS1="> "; source <(cachegate completion bash); echo loa""ded\r');
        await expect.poll(() => screen, { timeout: 15_000 }).toContain('loaded');
        child.stdin.write('cachegate compl\t');
        await expect.poll(() => screen, { timeout: 15_000 }).toContain('cachegate completion ');
        child.stdin.write('ba\t');
        await expect.poll(() => screen, { timeout: 15_000 }).toContain('cachegate completion bash ');
        // No candidates, and a file is wanted: the shell's own.
        child.stdin.write('\u0015cachegate check cacheg\t');
        await expect.poll(() => screen, { timeout: 15_000 }).toContain('cachegate check cachegate ');
      } finally {
        child.kill('SIGKILL');
        await ended;
      }
    },
    SLOW_MS,
  );
});

it.each(['zsh', 'fish'])('prints a script for %s', async (shell) => {
  const { how, output } = await runCommand(['completion', shell]);
  expect(how).toBe(0);
  expect(output).toContain(' complete -- ');
});

it('refuses other shells', async () => {
  const { how, errors } = await runCommand(['completion', 'tcsh']);
  expect(how).toBe(2);
  expect(errors).toContain('bash, zsh, fish');
});
