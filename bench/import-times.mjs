import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from './measure.mjs';

const ONCE = fileURLToPath(new URL('import-once.mjs', import.meta.url));
const DEADLINE_MS = 60_000;
const MEASURES = /** @type {const} */ (['ms', 'rss', 'heap']);

const run = promisify(execFile);

/**
 * What importing each module takes: medians of fresh processes, all modules in turn. The first round is not counted: it
 * fetches the files from the disk.
 *
 * @param {string[]} modules names of packages, paths or URLs
 * @param {{ rounds: number, signal?: AbortSignal, env?: Record<string, string> }} how `env`: what is added to the environment
 * @returns {Promise<{ ms: number, rss: number, heap: number, rounds: { ms: number, rss: number, heap: number }[] }[]>}
 *   milliseconds; bytes by which the process's memory and, after a collection, its heap have grown
 */
export async function measureImports(modules, { rounds, signal, env = {} }) {
  const taken = modules.map(() => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [i, name] of modules.entries()) {
      signal?.throwIfAborted();
      const args = ['--expose-gc', ONCE, name];
      const options = { timeout: DEADLINE_MS, signal, env: { ...process.env, ...env } };
      const { stdout } = await run(process.execPath, args, options);
      if (round >= 0) taken[i].push(JSON.parse(stdout));
    }
  }
  return taken.map((each) => ({
    ...Object.fromEntries(MEASURES.map((measure) => [measure, median(each.map((one) => one[measure]))])),
    rounds: each,
  }));
}
