// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PROJECT, run, Stop } from './prepare.mjs';

/** Valkey before Redis, here and where packages are chosen. */
const NAMES = ['valkey-server', 'redis-server'];
/** Where a user's PATH often does not lead. */
const ADMIN_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
const UNPACKED = join(PROJECT, '.cache', 'valkey');

/**
 * The path of a Valkey or Redis server that runs: from the PATH, else from an earlier unpacking, else from
 * Debian's packages, installed by root and unpacked in `.cache/valkey` by others. Stops when none is to be had.
 */
export function findValkeyServer() {
  const found = onPath() ?? unpacked();
  if (found !== null) return found;
  console.log('No valkey-server or redis-server on the PATH; getting one from the system’s packages.');
  const asRoot = rootPrefix();
  const server = asRoot === null ? unpackPackages() : installPackages(asRoot);
  if (server === null) throw new Stop('The package was installed, but no server of it runs.');
  return server;
}

function onPath() {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...ADMIN_FOLDERS];
  return firstThatRuns(NAMES.flatMap((name) => folders.map((folder) => join(folder, name))));
}

function unpacked() {
  return firstThatRuns(NAMES.map((name) => join(UNPACKED, name)));
}

/** @param {string[]} files */
function firstThatRuns(files) {
  return files.find((file) => spawnSync(file, ['--version']).status === 0) ?? null;
}

/** What makes a command run as root: nothing, `sudo`, or `null` when there is no way without a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : null;
}

/** @param {string[]} asRoot */
function installPackages(asRoot) {
  // RUNLEVEL: outside systemd the package would start a server of its own.
  const command = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get'];
  runApt(command, ['-q', 'update']);
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-q', '-y', '--no-install-recommends'];
  runApt(command, [...options, 'install', choosePackage([])], { mustWork: true });
  return onPath();
}

/** What `apt-get install` would bring, taken apart in the project's own folder: needs no rights at all. */
function unpackPackages() {
  rmSync(UNPACKED, { recursive: true, force: true });
  const options = privateAptOptions();
  runApt(['apt-get', ...options], ['-q', 'update']);
  const name = choosePackage(options);
  const download = ['-q', '-y', '--no-install-recommends', '--download-only', 'install', name];
  runApt(['apt-get', ...options], download, { mustWork: true });
  const archives = join(UNPACKED, 'apt', 'cache', 'archives');
  for (const file of readdirSync(archives).filter((entry) => entry.endsWith('.deb'))) {
    run('dpkg-deb', ['-x', join(archives, file), join(UNPACKED, 'root')]);
  }
  rmSync(join(UNPACKED, 'apt'), { recursive: true });
  writeFileSync(join(UNPACKED, name), wrapper(name), { mode: 0o755 });
  return unpacked();
}

/** Lists and archives in the project; what is installed is read from the system. */
function privateAptOptions() {
  const state = join(UNPACKED, 'apt', 'state');
  const cache = join(UNPACKED, 'apt', 'cache');
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true });
  const settings = [
    `Dir::State=${state}`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${cache}`,
    'Debug::NoLocking=1',
  ];
  return settings.flatMap((setting) => ['-o', setting]);
}

/** Starts the unpacked server, with the libraries that came with it; `exec` keeps the process id. */
function wrapper(/** @type {string} */ name) {
  return `#!/bin/sh
root="$(dirname "$0")/root"
for folder in "$root"/lib "$root"/lib/*-linux-* "$root"/usr/lib "$root"/usr/lib/*-linux-*; do
  LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$root/usr/bin/${name}" "$@"
`;
}

/** @param {string[]} options of apt */
function choosePackage(options) {
  const { stdout } = spawnSync('apt-cache', [...options, 'policy', ...NAMES], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const name = NAMES.find((wanted) =>
    new RegExp(`^${wanted}:\n.*\n +Candidate: [^(]`, 'm').test(stdout ?? ''),
  );
  if (name === undefined) throw noServer('the system’s packages hold neither');
  return name;
}

/**
 * `update` may fail for one source of many: what counts is whether a package can then be chosen.
 *
 * @param {string[]} command
 * @param {string[]} args
 */
function runApt([command = '', ...prefix], args, { mustWork = false } = {}) {
  const { status } = spawnSync(command, [...prefix, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  // 127: not found, from `env`.
  if (status === null || status === 127) throw noServer('this system has no apt-get');
  if (mustWork && status !== 0) throw noServer(`apt-get ${args.join(' ')} failed (${status})`);
}

/** @param {string} reason */
function noServer(reason) {
  return new Stop(
    `The tests need a Valkey or Redis server, and none could be installed: ${reason}.\n` +
      'Install valkey-server or redis-server (7 or newer) so that it is on the PATH, then run npm test again.',
  );
}
