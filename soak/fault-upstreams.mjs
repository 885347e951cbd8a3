import { once } from 'node:events';
import { createServer } from 'node:http';
import { BODY } from '../bench/workload.mjs';

/**
 * The origin and the authority behind a gate whose store fails.
 *
 * @typedef {object} FaultUpstreams
 * @property {string} originUrl
 * @property {string} authorityUrl
 * @property {() => { calls: number, targets: Set<string> }} asked of both since the last time, and for which targets
 * @property {() => Promise<void>} close
 */

/**
 * @param {number} freshSeconds how long the origin's answers are fresh
 * @returns {Promise<FaultUpstreams>}
 */
export async function startFaultUpstreams(freshSeconds) {
  let calls = 0;
  let targets = new Set();
  const fields = {
    'Content-Type': 'application/json',
    'Content-Length': BODY.length,
    'Cache-Control': `public, max-age=${freshSeconds}`,
  };
  const origin = await listen(({ url }, response) => {
    calls += 1;
    targets.add(url);
    response.writeHead(200, fields).end(BODY);
  });
  const authority = await listen((_, response) => {
    calls += 1;
    response.writeHead(200, { 'Content-Length': 0, 'Cache-Control': 'private, max-age=0' }).end();
  });
  return {
    originUrl: origin.url,
    authorityUrl: authority.url,
    asked() {
      const asked = { calls, targets };
      calls = 0;
      targets = new Set();
      return asked;
    },
    async close() {
      await Promise.all([origin.close(), authority.close()]);
    },
  };
}

async function listen(handler) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
