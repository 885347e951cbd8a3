import { once } from 'node:events';
import http from 'node:http';
import { BODY, SESSION_COOKIE, sessionIds, TTL_SECONDS } from './workload.mjs';

/**
 * The origin and the authority that every peer stands in front of. They count their calls: a warm row makes none.
 *
 * @typedef {object} Upstreams
 * @property {string} originUrl
 * @property {string} authorityUrl
 * @property {() => number} calls all calls so far, to both
 * @property {() => Promise<void>} close
 */

/** @returns {Promise<Upstreams>} */
export async function startUpstreams() {
  let calls = 0;
  const count = (handler) => (request, response) => {
    calls += 1;
    handler(request, response);
  };
  const origin = await listen(count(answerRecords));
  const authority = await listen(count(answerSession));
  return {
    originUrl: origin.url,
    authorityUrl: authority.url,
    calls: () => calls,
    close: async () => {
      await Promise.all([origin.close(), authority.close()]);
    },
  };
}

function answerRecords(_request, response) {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': BODY.length,
    'Cache-Control': `public, max-age=${TTL_SECONDS}`,
  });
  response.end(BODY);
}

const sessionCookies = new Set(sessionIds.map((id) => `${SESSION_COOKIE}=${id}`));

function answerSession(request, response) {
  const valid = sessionCookies.has(request.headers.cookie);
  response.writeHead(valid ? 200 : 401, { 'Content-Length': 0, 'Cache-Control': 'private, max-age=0' });
  response.end();
}

async function listen(handler) {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
