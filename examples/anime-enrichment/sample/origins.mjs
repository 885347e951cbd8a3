// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createCatalogue } from './catalogue.mjs';
import { createLimit } from './limit.mjs';

/**
 * @typedef {import('./catalogue.mjs').Series} Series
 * @typedef {import('./limit.mjs').Rule} Rule
 * @typedef {{ status: number, body: object }} Answer
 *
 * @typedef {object} Origin
 * @property {string} url
 * @property {{ asked: number, refused: number }} counts requests that arrived; those of them that were too many
 * @property {() => Promise<void>} close
 */

const MAX_BODY_BYTES = 65_536;

/** In the place of Jikan (REST): `GET /v4/anime/{id}`. @param {OriginOptions} options */
export function startJikan({ entries, delayMs, rules }) {
  const catalogue = createCatalogue(entries);
  return startOrigin(
    ({ method, url = '' }) => {
      const id = /^\/v4\/anime\/(\d+)$/.exec(url)?.[1];
      const series = method === 'GET' ? catalogue.get(Number(id)) : undefined;
      if (series !== undefined) return { status: 200, body: { data: inJikan(series) } };
      return {
        status: 404,
        body: { status: 404, type: 'BadResponseException', message: 'Resource does not exist' },
      };
    },
    { delayMs, rules },
  );
}

/** In the place of AniList (GraphQL): `POST /` with a query of one `Media` by `idMal`. @param {OriginOptions} options */
export function startAniList({ entries, delayMs, rules }) {
  const catalogue = createCatalogue(entries);
  return startOrigin(
    ({ method, url }, content) => {
      const idMal = method === 'POST' && url === '/' ? askedFor(content) : undefined;
      const series = catalogue.get(Number(idMal));
      if (series !== undefined) return { status: 200, body: { data: { Media: inAniList(series) } } };
      return {
        status: 404,
        body: { errors: [{ message: 'Not Found.', status: 404 }], data: { Media: null } },
      };
    },
    { delayMs, rules },
  );
}

/**
 * @typedef {object} OriginOptions
 * @property {number} entries
 * @property {number} delayMs what an answer takes
 * @property {readonly Rule[]} rules
 */

/**
 * @param {(request: import('node:http').IncomingMessage, content: string) => Answer} handler
 * @param {Pick<OriginOptions, 'delayMs' | 'rules'>} options
 * @returns {Promise<Origin>}
 */
async function startOrigin(handler, { delayMs, rules }) {
  const counts = { asked: 0, refused: 0 };
  const refusedForMs = createLimit(rules);

  const server = createServer((request, response) => {
    counts.asked += 1;
    const waitMs = refusedForMs(performance.now());
    if (waitMs > 0) counts.refused += 1;
    answer(request, response, waitMs).catch(() => response.destroy());
  });

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   * @param {number} waitMs
   */
  async function answer(request, response, waitMs) {
    const content = await contentOf(request);
    await delay(delayMs);
    const { status, body } = waitMs > 0 ? tooMany() : handler(request, content);
    response.writeHead(status, {
      'Content-Type': 'application/json',
      // What many web frameworks say where nobody has thought of caches.
      'Cache-Control': 'no-cache, private',
      ...(waitMs > 0 && { 'Retry-After': Math.ceil(waitMs / 1000) }),
    });
    response.end(JSON.stringify(body));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** @returns {Answer} */
function tooMany() {
  return { status: 429, body: { status: 429, message: 'Too Many Requests' } };
}

/** @param {import('node:http').IncomingMessage} request */
async function contentOf(request) {
  let content = '';
  for await (const chunk of request.setEncoding('utf8')) {
    content += chunk;
    if (content.length > MAX_BODY_BYTES) throw new RangeError(`More than ${MAX_BODY_BYTES} characters`);
  }
  return content;
}

/** @param {string} content @returns {unknown} */
function askedFor(content) {
  try {
    return JSON.parse(content)?.variables?.idMal;
  } catch {
    return undefined;
  }
}

/** @param {Series} series */
function inJikan({ id, romaji, english, episodes, year, genres, synopsis, score, scoredBy }) {
  return {
    mal_id: id,
    title: romaji,
    title_english: english,
    ...{ episodes, year, synopsis },
    score,
    scored_by: scoredBy,
    genres: genres.map((name) => ({ type: 'anime', name })),
  };
}

/** @param {Series} series */
function inAniList({ id, romaji, english, tags, score, scoredBy }) {
  return {
    id: id + 100_000,
    idMal: id,
    title: { romaji, english },
    averageScore: Math.round(score * 10),
    popularity: scoredBy * 2,
    tags,
  };
}
