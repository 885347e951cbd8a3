import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from './monotonic.mjs';

export const ORIGIN_TIME_MS = 1_000;
const PATIENCE_MS = 20_000;
// The gate opens a connection for each request that it does not collapse, all at once.
const BACKLOG = 4_096;

/**
 * @typedef {object} Asked a request that the origin got; its number is its place in the list, and in the answer's body
 * @property {number} at of the monotonic clock
 * @property {string} client
 *
 * @typedef {object} Round what an origin is asked, from `expect` on
 * @property {Asked[]} asked
 * @property {string | null} gaveUp why not all were there before the second answer
 */

/**
 * An origin that takes a second. After its first answer of a round it gives no other before all requests that are
 * expected have come: whoever would wait for one of those answers would wait in vain, and be seen.
 */
export async function startCollapseOrigin(fieldsOf) {
  let round = newRound(0, 0);
  const server = createServer((request, response) => void answer(request, response, round));
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG });
  await once(server, 'listening');

  async function answer(request, response, { asked, first, expected, all, state }) {
    const number = asked.push({ at: monotonicMs(), client: request.headers.client }) - 1;
    if (asked.length === expected) all.resolve();
    await delay(ORIGIN_TIME_MS);
    if (number >= first) await Promise.race([all.promise, giveUp(state, asked, expected)]);
    const body = JSON.stringify({ number });
    const fields = { 'Content-Length': body.length, ...fieldsOf(request.url, number, request.headers) };
    const { status = 200, ...headers } = fields;
    response.writeHead(status, headers).end(body);
  }

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /**
     * @param {number} first so many are answered without waiting for the rest
     * @param {number} expected so many requests are to come
     * @returns {Round}
     */
    expect(first, expected) {
      round = newRound(first, expected);
      return round.state;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function newRound(first, expected) {
  const asked = [];
  const all = {};
  all.promise = new Promise((resolve) => {
    all.resolve = resolve;
  });
  return { asked, first, expected, all, state: { asked, gaveUp: null } };
}

async function giveUp(state, asked, expected) {
  await delay(PATIENCE_MS, undefined, { ref: false });
  if (asked.length < expected) state.gaveUp ??= `only ${asked.length} of ${expected} requests came by themselves`;
}
