// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * How a sample server fails: with that status, without ever answering, by closing the connection, or with a
 * status of 200 and a body that is no JSON. `null`: it works.
 *
 * @typedef {number | 'hang' | 'close' | 'garbage' | null} Fault
 *
 * @typedef {{ status: number, headers?: Record<string, string>, body?: unknown }} Answer `body` is sent as
 *   JSON, or as it is when it is a text
 *
 * @typedef {object} ReceivedRequest
 * @property {string} method
 * @property {string} target path and query
 * @property {import('node:http').IncomingHttpHeaders} headers
 *
 * @typedef {object} SampleServer
 * @property {string} url the origin, such as `http://127.0.0.1:40123`
 * @property {{ requests: number }} counters requests that arrived, failed ones too
 * @property {ReceivedRequest[]} received the last 1,000 of them
 * @property {{ fault: Fault, delayMs: number }} behaviour may be changed while the server runs
 * @property {() => Promise<void>} close also breaks what is still under way
 *
 * @typedef {(request: import('node:http').IncomingMessage, body: string) => Answer} Handler
 */

const MAX_RECEIVED = 1000;
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * @param {Handler} handler
 * @param {{ port?: number, delayMs: number }} options port 0, the default, is a free one
 * @returns {Promise<SampleServer>}
 */
export async function startLoopbackServer(handler, { port = 0, delayMs }) {
  /** @type {Pick<SampleServer, 'counters' | 'received' | 'behaviour'>} */
  const state = { counters: { requests: 0 }, received: [], behaviour: { fault: null, delayMs } };
  const closing = new AbortController();

  const server = createServer((request, response) => {
    note(state, request);
    serve(request, response).catch(() => response.destroy());
  });

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async function serve(request, response) {
    const { fault, delayMs: ms } = state.behaviour;
    if (fault === 'hang') return;
    const body = await readBody(request);
    if (ms > 0) await delay(ms, undefined, { signal: closing.signal });
    if (fault === 'close') response.destroy();
    else send(request, response, fault === null ? handler(request, body) : failure(fault));
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    ...state,
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * @param {Pick<SampleServer, 'counters' | 'received'>} state
 * @param {import('node:http').IncomingMessage} request
 */
function note({ counters, received }, { method = '', url = '', headers }) {
  counters.requests += 1;
  received.push({ method, target: url, headers });
  if (received.length > MAX_RECEIVED) received.shift();
}

/** @param {import('node:http').IncomingMessage} request */
async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new RangeError(`A body of more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * @param {number | 'garbage'} fault
 * @returns {Answer}
 */
function failure(fault) {
  if (fault === 'garbage') return { status: 200, body: '{"records":[{"id":' };
  return { status: fault, body: { error: `The sample server was told to answer ${fault}` } };
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Answer} answer
 */
function send(request, response, { status, headers = {}, body = '' }) {
  const isText = typeof body === 'string';
  const bytes = Buffer.from(isText ? body : JSON.stringify(body));
  response.writeHead(status, {
    'Content-Type': isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'Content-Length': bytes.length,
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
