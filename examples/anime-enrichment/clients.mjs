// @ts-check
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @typedef {object} JikanAnime
 * @property {number} mal_id
 * @property {string} title
 * @property {string | null} title_english
 * @property {number | null} year
 * @property {string | null} synopsis
 * @property {number | null} score of 10
 * @property {number | null} scored_by
 * @property {{ name: string }[]} genres
 *
 * @typedef {object} AniListMedia
 * @property {number} id
 * @property {number | null} averageScore of 100
 * @property {number | null} popularity
 * @property {{ name: string, rank: number | null }[]} tags
 */

const QUERY = `query ($idMal: Int) {
  Media(idMal: $idMal, type: ANIME) { id idMal title { romaji english } averageScore popularity tags { name rank } }
}`;
const MAX_TRIES = 5;
const MAX_PAUSE_SECONDS = 60;

/**
 * Both origins by one `fetch`, which caches, and asks no more often than they allow.
 *
 * @param {typeof globalThis.fetch} fetch
 * @param {{ jikan: string, anilist: string }} origins
 */
export function createClients(fetch, origins) {
  return {
    /** @param {string} id @param {AbortSignal} signal @returns {Promise<JikanAnime>} */
    async jikan(id, signal) {
      const response = await asked(
        () => fetch(`${origins.jikan}/v4/anime/${encodeURIComponent(id)}`, { signal }),
        signal,
      );
      return (await jsonOf(response, 'Jikan')).data;
    },

    /** @param {string} id @param {AbortSignal} signal @returns {Promise<AniListMedia>} */
    async anilist(id, signal) {
      const request = {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify({ query: QUERY, variables: { idMal: Number(id) } }),
        signal,
      };
      const response = await asked(() => fetch(`${origins.anilist}/`, request), signal);
      return (await jsonOf(response, 'AniList')).data.Media;
    },
  };
}

/**
 * Asks again where the answer is "later": an origin's own limit counts what others send it, too.
 *
 * @param {() => Promise<Response>} ask
 * @param {AbortSignal} signal
 */
async function asked(ask, signal) {
  for (let tries = 1; ; tries += 1) {
    const response = await ask();
    const isLater = response.status === 429 || response.status === 503;
    if (!isLater || tries === MAX_TRIES) return response;
    await response.body?.cancel();
    const seconds = Number(response.headers.get('retry-after')) || tries;
    await delay(Math.min(seconds, MAX_PAUSE_SECONDS) * 1000, undefined, { signal });
  }
}

/** @param {Response} response @param {string} origin @returns {Promise<any>} */
async function jsonOf(response, origin) {
  // Of an error too: what is not read to its end is not stored.
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new Error(`${origin} answers ${response.status}`);
}
