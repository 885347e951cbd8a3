import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** The programs a run needs, and the machine it runs on. */

const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** The server alone on one core; load, store, origin and authority on the other. */
export const cores = { server: SERVER_CORE, load: LOAD_CORE, both: `${SERVER_CORE},${LOAD_CORE}` };

/** Stops with what to install when this machine cannot run the benchmark. */
export function requireMachine() {
  if (process.platform !== 'linux')
    throw new Error('The benchmark runs on Linux: it reads /proc and pins to cores.');
  if (os.cpus().length < 2) throw new Error('The benchmark needs two cores: one for the server.');
  if (!isInstalled('taskset'))
    throw new Error('taskset is not installed. Debian: apt-get install util-linux');
  if (!isInstalled('wrk')) throw new Error('wrk is not installed. Debian: apt-get install wrk.');
}

/** Moves this process, and what it starts from now on, to the core of the load. */
export function pinSelf() {
  execFileSync('taskset', ['-acp', String(LOAD_CORE), String(process.pid)]);
}

/** The Valkey or Redis server of this machine. */
export function storeCommand() {
  const command = ['valkey-server', 'redis-server'].find(isInstalled);
  if (command) return command;
  throw new Error(
    'Neither valkey-server nor redis-server is installed. Debian: apt-get install valkey-server',
  );
}

export function isInstalled(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** @returns {Record<string, string>} what to know of the machine to read the figures */
export function describeMachine() {
  return {
    processor: `${os.cpus()[0].model.trim()}, ${os.cpus().length} cores`,
    system: `${distribution()}, Linux ${os.release()}`,
    node: process.version.slice(1),
    store:
      version('valkey-server', ['--version'], /v=(\S+)/) ?? version('redis-server', ['--version'], /v=(\S+)/),
    nginx: version('nginx', ['-v'], /nginx\/(\S+)/),
    wrk: version('wrk', ['-v'], /wrk \S*?([\d.]+)/),
  };
}

function distribution() {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
}

function version(command, args, pattern) {
  if (!isInstalled(command)) return 'not installed';
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown';
}
