// @ts-check
import { createHash } from 'node:crypto';
import { createCachegate } from 'cachegate/app';
import { createClients } from './clients.mjs';
import { enrich } from './enrich.mjs';
import { idsOf } from './ids.mjs';
import { CONCURRENCY, ENRICHMENT_SECONDS, ENTRIES, optionsFor } from './settings.mjs';
import { printProgress, printRun } from './texts.mjs';

// One run: each series of the list from both origins, and what they know together. Whatever is in the cache costs nothing.

/**
 * @typedef {object} RunReport
 * @property {number} tookMs
 * @property {import('cachegate/app').WarmCounts} counts
 * @property {import('cachegate/app').Stats | import('cachegate/app').StatsOff} stats
 * @property {import('./enrich.mjs').Enriched | null} best of all that were enriched
 */

const origins = { jikan: requireEnv('JIKAN_URL'), anilist: requireEnv('ANILIST_URL') };
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ending.abort());

const startedAt = performance.now();
const cachegate = await createCachegate(optionsFor(origins));
try {
  const report = await run();
  printRun(report);
  // To the process that has started it, if any is to know.
  await new Promise((sent) => (process.send === undefined ? sent(null) : process.send(report, sent)));
  if (ending.signal.aborted) process.exitCode = 130;
} finally {
  await cachegate.close();
  if (process.connected) process.disconnect();
}

/** @returns {Promise<RunReport>} */
async function run() {
  const { jikan, anilist } = createClients(cachegate.fetch, origins);
  /** @type {import('./enrich.mjs').Enriched | null} */
  let best = null;

  /** @param {string} id @param {AbortSignal} signal */
  async function enriched(id, signal) {
    const anime = await jikan(id, signal);
    const media = await anilist(id, signal);
    // The key says what it is made of: once an origin has answered something else, it is made anew.
    const key = `enrichment:${id}:${digestOf([anime, media])}`;
    const options = { ttlSeconds: ENRICHMENT_SECONDS, tags: ['enrichment'] };
    const result = await cachegate.cache.remember(key, options, async () => enrich(anime, media));
    if ((result.score ?? 0) > (best?.score ?? 0)) best = result;
  }

  const counts = await cachegate.warm(idsOf(ENTRIES), enriched, {
    concurrency: CONCURRENCY,
    signal: ending.signal,
    onProgress: printProgress,
  });
  const tookMs = performance.now() - startedAt;
  return { tookMs, counts, stats: await cachegate.getStatsAsync(), best };
}

/** @param {unknown} value */
function digestOf(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22);
}

/** @param {string} name */
function requireEnv(name) {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is missing: \`node run.mjs\` sets it, and starts what it names`);
  return value.replace(/\/$/, '');
}
