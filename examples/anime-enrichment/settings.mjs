// @ts-check
import { join } from 'node:path';

/** @typedef {import('./sample/limit.mjs').Rule} Rule */

const { env } = process;
const DAY_SECONDS = 86_400;
const MONTH_SECONDS = 30 * DAY_SECONDS;
const HOUR_SECONDS = 3_600;

export const ENTRIES = numberOf('ENTRIES', 300);
export const CONCURRENCY = numberOf('CONCURRENCY', 16);
/** What an answer of the stand-ins takes. */
export const DELAY_MS = numberOf('DELAY_MS', 100);
/** The real ones', 15 times as fast: a minute is four seconds. */
export const JIKAN_RULES = rulesOf(env.JIKAN_LIMITS ?? '30/1,60/4');
export const ANILIST_RULES = rulesOf(env.ANILIST_LIMITS ?? '30/4');

/** The cache's, unless CACHE_URL names another place. */
export const FOLDER = join(import.meta.dirname, '.cache');

/** How long the result of the function is kept: longer than what it is made of, for the key says what that was. */
export const ENRICHMENT_SECONDS = MONTH_SECONDS;

/**
 * The options of `createCachegate`.
 *
 * @param {{ jikan: string, anilist: string }} origins
 * @returns {import('cachegate/app').CachegateOptions}
 */
export function optionsFor({ jikan, anilist }) {
  // Both origins forbid to keep their answers, or say nothing: how long they are good for is said here.
  /** @param {number} seconds */
  const kept = (seconds) => ({
    force: true,
    ttl_seconds: seconds,
    negative_ttl_seconds: { 404: HOUR_SECONDS },
  });
  return {
    store: `lmdb:${FOLDER}`,
    namespace: env.CACHE_NAMESPACE ?? 'anime',
    // The pipeline prints its own figures; LOGGING_LEVEL=aggregate tells them as they grow.
    logging_level: 'minimal',
    services: {
      jikan: {
        origin: jikan,
        cache: kept(7 * DAY_SECONDS),
        // Whoever has time waits, instead of being refused.
        origin_limit: { rules: JIKAN_RULES, wait_ms: 120_000 },
      },
      anilist: {
        origin: anilist,
        // A query is a POST: its content is part of the key.
        cache: { ...kept(DAY_SECONDS), methods: ['POST'] },
        origin_limit: { rules: ANILIST_RULES, wait_ms: 120_000 },
      },
    },
  };
}

/** @param {string} name @param {number} otherwise */
function numberOf(name, otherwise) {
  const text = env[name] ?? String(otherwise);
  if (!/^\d{1,6}$/.test(text))
    throw new TypeError(`${name} is a whole number; found ${JSON.stringify(text)}`);
  return Number(text);
}

/** @param {string} text `30/1,60/4`: 30 in any second, and 60 in any four @returns {Rule[]} */
function rulesOf(text) {
  return text.split(',').map((part) => {
    const found = /^(\d{1,6})\/(\d{1,5})$/.exec(part);
    if (found === null)
      throw new TypeError(`A limit is requests/seconds, such as 30/1; found ${JSON.stringify(part)}`);
    return { limit: Number(found[1]), window_seconds: Number(found[2]) };
  });
}
