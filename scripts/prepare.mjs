// @ts-check
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Ends a script with one message on stderr and no stack. */
export class Stop extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * @param {() => Promise<number>} script answers the exit code
 */
export async function main(script) {
  try {
    process.exitCode = await script();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(error.message);
    process.exitCode = error.exitCode;
  }
}

/** Stops when this Node is older than package.json asks for. */
export function requireNode() {
  const wanted = readJson('package.json').engines.node.replace('>=', '');
  const [found, minimum] = [process.versions.node, wanted].map((version) => version.split('.').map(Number));
  const difference = [0, 1, 2].map((part) => found[part] - minimum[part]).find((part) => part !== 0) ?? 0;
  if (difference < 0) throw new Stop(`Node ${wanted} or newer is needed; this is ${process.versions.node}.`);
}

/**
 * Installs what package-lock.json names unless it is all there. Not by `npm ci`: that refuses a lock file without
 * the binaries of every other platform, which not every registry holds.
 */
export function installDependencies() {
  if (isInstalled()) return;
  console.log('Installing the dependencies');
  run('npm', ['install', '--no-save', '--include=dev']);
}

/** Compares contents, for the times of files say nothing after a clone. */
function isInstalled() {
  const wanted = readJson('package-lock.json').packages;
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (installed === undefined) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

/** @param {string} path in the project; the answer is `undefined` when there is no such file */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(resolve(PROJECT, path), 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Runs a command in the project, its output shown; stops with its exit code when it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function run(command, args, env = process.env) {
  const { status, signal, error } = spawnSync(command, args, { cwd: PROJECT, env, stdio: 'inherit' });
  if (error !== undefined) throw new Stop(`${command} could not be run: ${error.message}`);
  if (status !== 0)
    throw new Stop(`${[command, ...args].join(' ')} failed (${signal ?? status})`, status ?? 1);
}
