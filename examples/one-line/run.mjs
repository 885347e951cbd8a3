// @ts-check
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startOrigin } from './origin.mjs';

// Each program as it was, and with one line changed: how often the origin is asked. `--json` prints the figures alone.

const CLIENTS = ['undici', 'fetch', 'got'];
const DEADLINE_MS = 60_000;
const isJson = process.argv.includes('--json');

/**
 * @typedef {object} Compared
 * @property {string} client
 * @property {number} before calls of the origin
 * @property {number} after
 * @property {boolean} same what the programs have printed
 * @property {string[]} changed the lines that the second has and the first has not
 */

await import('cachegate/fetch').catch(() => {
  console.error(
    'cachegate is not built yet; next, in the root of the repository: npm install && npm run build',
  );
  process.exit(1);
});

const origin = await startOrigin();
try {
  /** @type {Compared[]} */
  const compared = [];
  for (const client of CLIENTS) compared.push(await compare(client));
  if (isJson) console.log(JSON.stringify(compared));
  else print(compared);
} finally {
  await origin.close();
}

/** @param {string} client @returns {Promise<Compared>} */
async function compare(client) {
  const first = await run(`${client}-before.mjs`);
  const second = await run(`${client}-after.mjs`);
  const known = new Set(first.lines);
  return {
    client,
    before: first.calls,
    after: second.calls,
    same: first.printed === second.printed,
    changed: second.lines.filter((line) => !known.has(line)),
  };
}

/** @param {string} file */
async function run(file) {
  const path = join(import.meta.dirname, file);
  const { CACHE_URL: _, REDIS_URL: __, ...env } = process.env;
  const { stdout: printed } = await promisify(execFile)(process.execPath, [path], {
    env: { ...env, API_URL: origin.url },
    timeout: DEADLINE_MS,
  });
  return { printed, calls: origin.takeCalls(), lines: (await readFile(path, 'utf8')).split('\n') };
}

/** @param {Compared[]} compared */
function print(compared) {
  console.log('Requests that the origin was asked, of 20 that the program makes:\n');
  console.log(`${''.padEnd(10)}${'before'.padStart(8)}${'after'.padStart(8)}`);
  for (const { client, before, after } of compared) {
    console.log(`${client.padEnd(10)}${String(before).padStart(8)}${String(after).padStart(8)}`);
  }
  console.log('\nThe line that differs:');
  for (const { client, changed } of compared) console.log(`\n  ${client}\n    ${changed.join('\n    ')}`);
  if (compared.some(({ same }) => !same)) throw new Error('the programs have not printed the same');
}
