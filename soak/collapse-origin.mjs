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
 * @property {number} client
 *
 * @typedef {object} Round what an origin is asked, from `expect` on
 * @property {Asked[]} asked
 * @property {number} expected
 * @property {string | null} gaveUp why not all were there before the second answer
 */

/**
 * @typedef {object} CollapseOrigin
 * @property {string} url
 * @property {(expected: number, first: number) => Round} expect so many requests, of which the first so many are
 * answered without waiting for the rest
 * @property {() => Promise<void>} close
 */

/**
 * An origin that takes a second. After its first answer of a round it gives no other before all requests that are
 * expected have come: whoever would wait for one of those answers would wait in vain, and be seen.
 *
 * @param {(target: string, number: number) => object} fieldsOf an answer, and its status
 * @returns {Promise<CollapseOrigin>}
 */
export async function startCollapseOrigin(fieldsOf) {
  let round = null;
  const server = createServer((request, response) => void answer(request, response, round));
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG });
  await once(server, 'listening');

  async function answer(request, response, current) {
    const number = current.add(Number(request.headers.client));
    await current.mayAnswer(number);
    const { status = 200, ...headers } = fieldsOf(request.url, number);
    const body = JSON.stringify({ number });
    response.writeHead(status, { 'Content-Length': body.length, ...headers }).end(body);
  }

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    expect(expected, first) {
      round = newRound(expected, first);
      return round.state;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function newRound(expected, first) {
  const asked = [];
  /** @type {Round} */
  const state = { asked, expected, gaveUp: null };
  let allCame;
  const all = new Promise((resolve) => {
    allCame = resolve;
  });
  const patience = setTimeout(() => {
    state.gaveUp = `only ${asked.length} of ${expected} requests came before a second answer was given`;
    allCame();
  }, PATIENCE_MS);
  if (expected === 0) clearTimeout(patience);
  return {
    state,
    add(client) {
      if (asked.push({ at: monotonicMs(), client }) >= expected) {
        clearTimeout(patience);
        allCame();
      }
      return asked.length - 1;
    },
    /** When the request of a number may be answered. */
    async mayAnswer(number) {
      if (state.gaveUp === null) await delay(ORIGIN_TIME_MS);
      if (number >= first) await all;
    },
  };
}
