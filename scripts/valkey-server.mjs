// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PROJECT, run, Stop } from './prepare.mjs';

/** Valkey before Redis, here and where packages are chosen. */
const NAMES = ['valkey-server', 'redis-server'];
/** Where a user's PATH often does not lead. */
const ADMIN_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Where a package is taken apart. */
const folderOf = (/** @type {string} */ name) => join(PROJECT, '.cache', name);

/**
 * The path of a Valkey or Redis server that runs: from the PATH, else from an earlier unpacking, else from
 * Debian's packages, installed by root and unpacked in `.cache` by others. Stops when none is to be had.
 */
export function findValkeyServer() {
  const found = serverNamed(NAMES);
  if (found !== null) return found;
  console.log('No valkey-server or redis-server on the PATH; getting one from the system’s packages.');
  return getServer(NAMES);
}

/** The same of a Redis server, for the tests that run on both; `null` where the system has Valkey alone. */
export function findRedisServer() {
  const redis = ['redis-server'];
  const found = serverNamed(redis);
  if (found !== null) return found;
  console.log('No redis-server on the PATH; getting one from the system’s packages.');
  try {
    return getServer(redis);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.log('There is none; the tests on Redis run on Valkey too.');
    return null;
  }
}

/** @param {string[]} names */
function getServer(names) {
  const asRoot = rootPrefix();
  const server = asRoot === null ? unpackPackages(names) : installPackages(names, asRoot);
  if (server === null) throw new Stop('The package was installed, but no server of it runs.');
  return server;
}

/** @param {string[]} names */
function serverNamed(names) {
  return onPath(names) ?? unpacked(names);
}

/** @param {string[]} names */
function onPath(names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...ADMIN_FOLDERS];
  return firstThatRuns(names.flatMap((name) => folders.map((folder) => join(folder, name))));
}

/** @param {string[]} names */
function unpacked(names) {
  return firstThatRuns(names.map((name) => join(folderOf(name), name)));
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

/**
 * @param {string[]} names
 * @param {string[]} asRoot
 */
function installPackages(names, asRoot) {
  // RUNLEVEL: outside systemd the package would start a server of its own.
  const command = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get'];
  runApt(command, ['-q', 'update']);
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-q', '-y', '--no-install-recommends'];
  runApt(command, [...options, 'install', choosePackage(names, [])], { mustWork: true });
  return onPath(names);
}

/**
 * What `apt-get install` would bring, taken apart in the project's own folder: needs no rights at all.
 *
 * @param {string[]} names
 */
function unpackPackages(names) {
  const lists = folderOf('apt');
  rmSync(lists, { recursive: true, force: true });
  const options = privateAptOptions(lists);
  runApt(['apt-get', ...options], ['-q', 'update']);
  const name = choosePackage(names, options);
  const folder = folderOf(name);
  rmSync(folder, { recursive: true, force: true });
  const download = ['-q', '-y', '--no-install-recommends', '--download-only', 'install', name];
  runApt(['apt-get', ...options], download, { mustWork: true });
  const archives = join(lists, 'cache', 'archives');
  mkdirSync(folder);
  for (const file of readdirSync(archives).filter((entry) => entry.endsWith('.deb'))) {
    run('dpkg-deb', ['-x', join(archives, file), join(folder, 'root')]);
  }
  rmSync(lists, { recursive: true });
  writeFileSync(join(folder, name), wrapper(name), { mode: 0o755 });
  return unpacked(names);
}

/**
 * Lists and archives in the project; what is installed is read from the system.
 *
 * @param {string} folder
 */
function privateAptOptions(folder) {
  const state = join(folder, 'state');
  const cache = join(folder, 'cache');
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

/**
 * @param {string[]} names
 * @param {string[]} options of apt
 */
function choosePackage(names, options) {
  const { stdout } = spawnSync('apt-cache', [...options, 'policy', ...names], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const name = names.find((wanted) =>
    new RegExp(`^${wanted}:\n.*\n +Candidate: [^(]`, 'm').test(stdout ?? ''),
  );
  if (name === undefined) throw noServer(`the system’s packages have no ${names.join(' and no ')}`);
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
