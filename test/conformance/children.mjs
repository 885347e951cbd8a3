import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Stop } from '../../scripts/prepare.mjs';

const STOP_DEADLINE_MS = 10_000;
const LAST_LINES = 20;
/** Nothing of the caller's settings, such as `CACHE_URL`. */
const ENVIRONMENT = { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' };

/** The child processes of a run, ended by their pids at the latest when this process ends. */
export function createChildren() {
  const children = new Set();
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });

  /**
   * @template T
   * @param {string} command
   * @param {readonly string[]} args
   * @param {(line: string) => T | undefined} find looks for what is waited for in each line of its output
   * @returns {Promise<{ found: T, stop: () => Promise<void> }>}
   */
  async function start(command, args, find, deadlineMs = 20_000) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: ENVIRONMENT });
    children.add(child);
    child.once('exit', () => children.delete(child));
    const name = [command, ...args].slice(0, 3).join(' ');
    const found = await outputOf(child, name, find, deadlineMs);
    return { found, stop: () => end(child) };
  }

  async function stop() {
    await Promise.all([...children].map(end));
  }

  return { start, stop };
}

function outputOf(child, name, find, deadlineMs) {
  const lines = [];
  return new Promise((resolve, reject) => {
    const fail = (what) => reject(new Stop(`${name} ${what}. Its last output:\n${lines.join('\n')}`));
    const late = setTimeout(fail, deadlineMs, `gave no answer in ${deadlineMs / 1000} s`);
    child.once('error', ({ message }) => fail(`could not be started: ${message}`));
    child.once('close', (code, signal) => fail(`ended with ${signal ?? code}`));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (lines.push(line) > LAST_LINES) lines.shift();
        const found = stream === child.stdout ? find(line) : undefined;
        if (found === undefined) return;
        clearTimeout(late);
        resolve(found);
      });
    }
  });
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(force);
}
