import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../bench/processes.mjs';
import { cores, storeCommand } from '../bench/tools.mjs';

/**
 * A store's server that a scenario may treat badly.
 *
 * @typedef {object} Store
 * @property {string} url
 * @property {() => Promise<void>} start
 * @property {() => Promise<void>} kill
 * @property {(name: NodeJS.Signals) => void} signal
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * @param {number} [core] beside whoever asks it, by default
 * @returns {Promise<Store>}
 */
export async function startStore(core = cores.load) {
  const port = await freePort();
  /** @type {import('node:child_process').ChildProcess | null} */
  let child = null;

  async function start() {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    child = spawn('taskset', ['-c', String(core), storeCommand(), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const started = child;
    running.add(started);
    started.once('exit', () => running.delete(started));
    for await (const line of child.stdout) if (String(line).includes('Ready to accept')) break;
    child.stdout.resume();
  }
  async function kill() {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  await start();
  return { url: `redis://127.0.0.1:${port}`, start, kill, signal: (name) => void child?.kill(name) };
}
