// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PROJECT, run, Stop } from './prepare.mjs';

/**
 * A program of the system's packages, each of which has the name of its program.
 *
 * @typedef {object} Wanted
 * @property {string[]} names the better one first, here and where packages are chosen
 * @property {string} need what it is, in the message that it can't be had
 * @property {string} advice what to install then
 * @property {string} [program] where an unpacked package has the program itself, which its script in `usr/bin` leads to
 * @property {boolean} [isService] its package would leave a server running: it is taken apart, and never installed
 */

/** Where a user's PATH often does not lead. */
const ADMIN_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Where a package is taken apart. */
const folderOf = (/** @type {string} */ name) => join(PROJECT, '.cache', name);

/**
 * The path of a program that runs: from the PATH, else from an earlier unpacking, else from Debian's packages, installed
 * by root (unless it would stay as a service) and unpacked in `.cache` by others. Stops when none is to be had.
 *
 * @param {Wanted} wanted
 */
export function findProgram(wanted) {
  const found = onPath(wanted.names) ?? unpacked(wanted.names);
  if (found !== null) return found;
  console.log(`No ${wanted.names.join(' or ')} on the PATH; getting one from the system’s packages.`);
  const asRoot = wanted.isService === true ? null : rootPrefix();
  const program = asRoot === null ? unpackPackages(wanted) : installPackages(wanted, asRoot);
  if (program === null) throw new Stop('The package was installed, but no program of it runs.');
  return program;
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
 * @param {Wanted} wanted
 * @param {string[]} asRoot
 */
function installPackages(wanted, asRoot) {
  // RUNLEVEL: outside systemd the package would start a server of its own.
  const command = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get'];
  runApt(wanted, command, ['-q', 'update']);
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-q', '-y', '--no-install-recommends'];
  runApt(wanted, command, [...options, 'install', choosePackage(wanted, [])], { mustWork: true });
  return onPath(wanted.names);
}

/**
 * What `apt-get install` would bring, taken apart in the project's own folder: needs no rights at all.
 *
 * @param {Wanted} wanted
 */
function unpackPackages(wanted) {
  const lists = folderOf('apt');
  rmSync(lists, { recursive: true, force: true });
  const options = privateAptOptions(lists);
  runApt(wanted, ['apt-get', ...options], ['-q', 'update']);
  const name = choosePackage(wanted, options);
  const folder = folderOf(name);
  rmSync(folder, { recursive: true, force: true });
  const download = ['-q', '-y', '--no-install-recommends', '--download-only', 'install', name];
  runApt(wanted, ['apt-get', ...options], download, { mustWork: true });
  const archives = join(lists, 'cache', 'archives');
  mkdirSync(folder);
  for (const file of readdirSync(archives).filter((entry) => entry.endsWith('.deb'))) {
    run('dpkg-deb', ['-x', join(archives, file), join(folder, 'root')]);
  }
  rmSync(lists, { recursive: true });
  writeFileSync(join(folder, name), wrapper(wanted.program ?? `usr/bin/${name}`), { mode: 0o755 });
  return unpacked(wanted.names);
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

/** Starts the unpacked program, with the libraries and fonts that came with it; `exec` keeps the process id. */
function wrapper(/** @type {string} */ program) {
  return `#!/bin/sh
root="$(dirname "$0")/root"
for folder in "$root"/lib "$root"/lib/*-linux-* "$root"/usr/lib "$root"/usr/lib/*-linux-*; do
  LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
[ -d /etc/fonts ] || export FONTCONFIG_PATH="$root/etc/fonts" FONTCONFIG_SYSROOT="$root"
exec "$root/${program}" "$@"
`;
}

/**
 * @param {Wanted} wanted
 * @param {string[]} options of apt
 */
function choosePackage(wanted, options) {
  const { names } = wanted;
  const { stdout } = spawnSync('apt-cache', [...options, 'policy', ...names], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const name = names.find((wanted) =>
    new RegExp(`^${wanted}:\n.*\n +Candidate: [^(]`, 'm').test(stdout ?? ''),
  );
  if (name === undefined) throw notToBeHad(wanted, `the system’s packages have no ${names.join(' and no ')}`);
  return name;
}

/**
 * `update` may fail for one source of many: what counts is whether a package can then be chosen.
 *
 * @param {Wanted} wanted
 * @param {string[]} command
 * @param {string[]} args
 */
function runApt(wanted, [command = '', ...prefix], args, { mustWork = false } = {}) {
  const { status } = spawnSync(command, [...prefix, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  // 127: not found, from `env`.
  if (status === null || status === 127) throw notToBeHad(wanted, 'this system has no apt-get');
  if (mustWork && status !== 0) throw notToBeHad(wanted, `apt-get ${args.join(' ')} failed (${status})`);
}

/**
 * @param {Wanted} wanted
 * @param {string} reason
 */
function notToBeHad({ need, advice }, reason) {
  return new Stop(
    `The tests need ${need}, and none could be installed: ${reason}.\n${advice}, then run npm test again.`,
  );
}
