import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 5_000;
const POLL_MS = 25;

/** What a peer needs of the environment, and no `CACHE_URL` or the like that would change what is measured. */
const ENVIRONMENT = { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' };

/**
 * @typedef {object} Server
 * @property {number} pid
 * @property {() => string} lastOutput
 * @property {() => Promise<void>} end
 */

/**
 * The children of a run: each pinned to a core, its output in a file, ended by its pid.
 *
 * @param {string} directory for their output
 */
export function createProcesses(directory) {
  const children = new Set();

  /** @returns {Promise<Server>} once the child takes connections on `port` */
  async function serve({ name, command, args, core, port }) {
    const outputFile = join(directory, `${name}.log`);
    const output = openSync(outputFile, 'w');
    const child = spawn('taskset', ['-c', String(core), command, ...args], {
      stdio: ['ignore', output, output],
      env: ENVIRONMENT,
    });
    closeSync(output);
    children.add(child);
    const ended = once(child, 'exit').then(
      () => 'it ended',
      (error) => error.message,
    );
    const lastOutput = () => lastLines(outputFile);
    const failure = await Promise.race([ended, waitForPort(port, child)]);
    if (failure === null) return { pid: child.pid, lastOutput, end: () => end(child) };
    throw new Error(`${name} did not start: ${failure}. Its last output:\n${lastOutput()}`);
  }

  async function stop() {
    await Promise.all([...children].map(end));
    children.clear();
  }

  /** For the exit of this process, where nothing can be awaited. */
  function stopWithoutWaiting() {
    for (const child of children) child.kill('SIGTERM');
  }

  return { serve, stop, stopWithoutWaiting };
}

/** A loopback port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function end(child) {
  if (!isRunning(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(force);
}

function isRunning({ pid, exitCode, signalCode }) {
  return pid !== undefined && exitCode === null && signalCode === null;
}

/** @returns {Promise<string | null>} what went wrong */
async function waitForPort(port, child) {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (isRunning(child) && Date.now() < deadline) {
    if (await takesConnections(port)) return null;
    await delay(POLL_MS);
  }
  return `it took no connection in ${START_DEADLINE_MS} ms`;
}

function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => socket.destroy() && resolve(true));
    socket.once('error', () => resolve(false));
  });
}

function lastLines(file) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}
