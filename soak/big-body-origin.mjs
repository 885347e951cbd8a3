import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from './monotonic.mjs';
import { PatternCheck, piece } from './pattern.mjs';

const PIECE_BYTES = 256 * 1024;
const CACHEABLE = { 'Cache-Control': 'max-age=600', 'Content-Type': 'application/octet-stream' };
// An upload is taken by so much at a time, so that what the gate has read already must wait somewhere.
const TAKEN_BYTES = 64 * 1024 * 1024;
const REST_MS = 250;
// In this time all readers have asked.
const GATHERING_MS = 300;
const TRICKLE_MS = 20;

/**
 * An origin of big bodies, made as they are sent: `/declared` with its length, `/chunked` without; `/trickle` whose
 * first byte's time is noted, `/small`, and `POST /upload`, which tells what came.
 *
 * @param {number} bodyBytes
 */
export async function startBigBodyOrigin(bodyBytes) {
  const asked = new Map();
  const firstByteAt = [];
  const routes = {
    '/declared': (_, response) => send(response, bodyBytes, { 'Content-Length': bodyBytes }),
    '/chunked': (_, response) => send(response, bodyBytes, {}),
    '/small': (_, response) => response.writeHead(200, CACHEABLE).end('small'),
    '/upload': take,
    async '/trickle'(_, response) {
      response.writeHead(200, { 'Cache-Control': 'no-store' });
      firstByteAt.push(monotonicMs());
      response.write('first');
      await delay(TRICKLE_MS);
      response.end('last');
    },
  };
  const server = createServer((request, response) => {
    asked.set(request.url, (asked.get(request.url) ?? 0) + 1);
    response.on('error', () => {});
    void routes[request.url](request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked: (target) => asked.get(target) ?? 0,
    firstByteAt,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function send(response, bodyBytes, fields) {
  await delay(GATHERING_MS);
  response.writeHead(200, { ...CACHEABLE, ...fields });
  const gone = once(response, 'close');
  for (let at = 0; at < bodyBytes && !response.destroyed; at += PIECE_BYTES) {
    const more = response.write(piece(at, Math.min(PIECE_BYTES, bodyBytes - at)));
    if (!more) await Promise.race([once(response, 'drain'), gone]);
  }
  response.end();
}

async function take(request, response) {
  const check = new PatternCheck();
  let restAt = TAKEN_BYTES;
  for await (const chunk of request) {
    check.add(chunk);
    if (check.bytes < restAt) continue;
    restAt += TAKEN_BYTES;
    await delay(REST_MS);
  }
  response.end(JSON.stringify({ bytes: check.bytes, intact: check.intact }));
}
