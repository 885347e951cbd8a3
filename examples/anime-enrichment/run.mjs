// @ts-check
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startAniList, startJikan } from './sample/origins.mjs';
import { ANILIST_RULES, DELAY_MS, ENTRIES, FOLDER, JIKAN_RULES } from './settings.mjs';
import { printComparison, printTitle } from './texts.mjs';

// The pipeline twice, in two processes one after the other, with an empty cache at first. `--json` prints the figures alone.

/**
 * @typedef {import('./texts.mjs').Measured} Measured
 * @typedef {import('./pipeline.mjs').RunReport} RunReport
 */

const PIPELINE = join(import.meta.dirname, 'pipeline.mjs');
const isJson = process.argv.includes('--json');

if (process.env.CACHE_URL === undefined) await rm(FOLDER, { recursive: true, force: true });
const shared = { entries: ENTRIES, delayMs: DELAY_MS };
const [jikan, anilist] = await Promise.all([
  startJikan({ ...shared, rules: JIKAN_RULES }),
  startAniList({ ...shared, rules: ANILIST_RULES }),
]);
const env = {
  ...{ ...process.env, JIKAN_URL: jikan.url, ANILIST_URL: anilist.url },
  // One that nothing is stored under yet, wherever the cache is.
  CACHE_NAMESPACE: `anime-${randomBytes(4).toString('hex')}`,
};
/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
// The pipeline ends by itself when it is asked to, and this process after it.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => running?.kill(signal));
}

try {
  const first = await measured('First run, with an empty cache');
  const second = first && (await measured('Second run'));
  if (first && second) {
    if (isJson) console.log(JSON.stringify([first, second]));
    else printComparison([first, second]);
  }
} finally {
  await Promise.all([jikan.close(), anilist.close()]);
}

/** @param {string} title @returns {Promise<Measured | null>} `null`: it has failed, or was asked to end */
async function measured(title) {
  if (!isJson) printTitle(title);
  const before = counts();
  const startedAt = performance.now();
  const child = fork(PIPELINE, { env, stdio: ['ignore', isJson ? 'ignore' : 'inherit', 'inherit', 'ipc'] });
  running = child;
  /** @type {RunReport | undefined} */
  let report;
  child.on('message', (message) => {
    report = /** @type {RunReport} */ (message);
  });
  const [code] = await once(child, 'exit');
  const processMs = performance.now() - startedAt;
  if (code !== 0 || report === undefined) {
    process.exitCode = code || 1;
    return null;
  }
  const after = counts();
  const asked = { jikan: after.jikan - before.jikan, anilist: after.anilist - before.anilist };
  return { report, processMs, asked, refused: after.refused - before.refused };
}

function counts() {
  const refused = jikan.counts.refused + anilist.counts.refused;
  return { jikan: jikan.counts.asked, anilist: anilist.counts.asked, refused };
}
