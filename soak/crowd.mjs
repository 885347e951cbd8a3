import { startChild } from './child.mjs';

const PROGRAM = new URL('crowd-process.mjs', import.meta.url);

/**
 * What a client got. Times are of the monotonic clock, in milliseconds.
 *
 * @typedef {object} Received
 * @property {number} sentAt
 * @property {number} doneAt
 * @property {number} status
 * @property {string} body
 * @property {string | null} cookie
 * @property {string | null} error why there is no whole answer; the rest then means nothing
 *
 * @typedef {object} Crowd
 * @property {(target: string | string[], count?: number) => Promise<Received[]>} ask a request of each client (of the
 * first `count`) at once, for the same target or each for its own, with its number in the field `Client`
 * @property {() => Promise<void>} leave
 */

/**
 * Clients of one server in a process of their own, each with a connection that is open already.
 *
 * @returns {Promise<Crowd>}
 */
export async function gatherCrowd(url, size) {
  const child = startChild(PROGRAM, [url, String(size)]);
  await child.message();
  return { ask: (target, count = size) => child.ask({ target, count }), leave: child.end };
}
