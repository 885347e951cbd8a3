import assert from 'node:assert/strict';
import { request } from 'undici';
import {
  ALLOWED_ORIGIN,
  BODY,
  REFUSED_ORIGIN,
  SESSION_HEADER,
  sessionIds,
  TARGET,
  unknownSessionId,
} from './workload.mjs';

const WARM_REQUESTS = 20;
const AT_ONCE = 16;
const DEADLINE_MS = 10_000;

/**
 * The gate's work: an allowed origin, the rate of a session, its validity, a stored response; all from the caches.
 *
 * @type {import('./rounds.mjs').Workload}
 */
export const gateWorkload = {
  target: TARGET,
  origin: ALLOWED_ORIGIN,
  field: SESSION_HEADER,
  warmAndCheck,
  sessionsFor: (_peer, count) => sessionIds.slice(0, count),
};

async function warmAndCheck(peer, { upstreams, store }) {
  await warm(peer);
  // A process that has just started may have been too busy to store what came first.
  await warm(peer);
  await checkRefusals(peer);
  const callsBefore = upstreams.calls();
  const commandsBefore = await store.commands();
  for (const id of sessionIds.slice(0, WARM_REQUESTS)) await checkAnswer(peer, id);
  assert.equal(
    upstreams.calls(),
    callsBefore,
    `${peer.name}: a warm request called the origin or the authority`,
  );
  if (!peer.usesStore) return;
  const commands = (await store.commands()) - commandsBefore;
  assert.ok(
    commands >= WARM_REQUESTS,
    `${peer.name}: ${WARM_REQUESTS} requests made ${commands} store commands`,
  );
}

async function warm(peer) {
  for (let start = 0; start < sessionIds.length; start += AT_ONCE) {
    await Promise.all(sessionIds.slice(start, start + AT_ONCE).map((id) => checkAnswer(peer, id)));
  }
}

async function checkAnswer(peer, id) {
  const { status, headers, body } = await ask(peer, ALLOWED_ORIGIN, id);
  const problem = (what) => `${peer.name}: ${what} of a good request (status ${status})`;
  assert.equal(status, 200, problem('the status'));
  assert.ok(body.equals(BODY), problem('the body'));
  assert.match(headers['content-type'], /^application\/json/, problem('Content-Type'));
  assert.equal(headers['content-length'], String(BODY.length), problem('Content-Length'));
  assert.equal(
    headers['access-control-allow-origin'],
    ALLOWED_ORIGIN,
    problem('Access-Control-Allow-Origin'),
  );
  assert.match(String(headers.vary), /\borigin\b/i, problem('Vary'));
}

async function checkRefusals(peer) {
  const wrongOrigin = await ask(peer, REFUSED_ORIGIN, sessionIds[0]);
  assert.equal(wrongOrigin.status, 403, `${peer.name}: a request from an origin that is not allowed`);
  const unknownSession = await ask(peer, ALLOWED_ORIGIN, unknownSessionId);
  assert.equal(unknownSession.status, 401, `${peer.name}: a request with an unknown session`);
}

async function ask({ port }, origin, sessionId) {
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}${TARGET}`, {
    headers: { Origin: origin, [SESSION_HEADER]: sessionId },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  return { status: statusCode, headers, body: Buffer.from(await body.arrayBuffer()) };
}
