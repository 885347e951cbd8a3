// @ts-check
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * What stands in for the platform: a web server that calls the function with a `Request`, as the platform does.
 *
 * @typedef {{ fetch(request: Request): Promise<Response> }} WebFunction
 *
 * @typedef {object} Platform
 * @property {string} url
 * @property {() => Promise<void>} close ends when all that was given to `waitUntil` is done
 */

/** Where the platform keeps what belongs to the request under way. */
const REQUEST_CONTEXT = Symbol.for('@vercel/request-context');

/**
 * @param {WebFunction} webFunction
 * @param {{ port?: number }} [options] port 0, the default, is a free one
 * @returns {Promise<Platform>}
 */
export async function servePlatform(webFunction, { port = 0 } = {}) {
  /** @type {Set<Promise<unknown>>} */
  const behind = new Set();
  const context = { waitUntil: (/** @type {Promise<unknown>} */ work) => keep(behind, work) };
  const storage = new AsyncLocalStorage();
  Object.assign(globalThis, { [REQUEST_CONTEXT]: { get: () => storage.getStore() } });

  const server = createServer((request, response) => {
    storage.run(context, () => answer(webFunction, request, response)).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
      await Promise.all(behind);
    },
  };
}

/**
 * @param {Set<Promise<unknown>>} behind
 * @param {Promise<unknown>} work
 */
function keep(behind, work) {
  const settled = Promise.resolve(work).catch(() => {});
  behind.add(settled);
  settled.finally(() => behind.delete(settled));
}

/**
 * @param {WebFunction} webFunction
 * @param {import('node:http').IncomingMessage} incoming
 * @param {import('node:http').ServerResponse} outgoing
 */
async function answer(webFunction, incoming, outgoing) {
  const left = new AbortController();
  outgoing.once('close', () => left.abort());
  const response = await webFunction.fetch(requestOf(incoming, left.signal));
  outgoing.statusMessage = response.statusText;
  outgoing.writeHead(response.status, fieldsOf(response.headers));
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(/** @type {any} */ (response.body)), outgoing);
}

/**
 * @param {import('node:http').IncomingMessage} incoming
 * @param {AbortSignal} signal
 */
function requestOf(incoming, signal) {
  const { method = 'GET', url = '/', headers, socket } = incoming;
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) fields.append(name, each);
  }
  // The platform's proxy says so itself, whatever the client claims.
  for (const name of ['x-real-ip', 'x-forwarded-for']) fields.set(name, socket.remoteAddress ?? '');
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? Readable.toWeb(incoming) : null;
  const init = { method, headers: fields, body, signal, ...(hasBody && { duplex: 'half' }) };
  return new Request(`http://${headers.host ?? 'localhost'}${url}`, /** @type {RequestInit} */ (init));
}

/** @param {Headers} headers */
function fieldsOf(headers) {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) };
}
