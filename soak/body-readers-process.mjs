// Started by body-readers.mjs: `node body-readers-process.mjs URL`. For each task that it is sent it sends back a result.
import { once, setMaxListeners } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from './monotonic.mjs';
import { PatternCheck, piece } from './pattern.mjs';

const MIB = 1024 * 1024;
const SLOW_BYTES_PER_MS = (24 * MIB) / 1_000;
const SLOW_TURN_MS = 10;
const STALLS_AFTER_BYTES = 32 * MIB;
const PIECE_BYTES = 256 * 1024;

const url = process.argv[2];
const tasks = { readAll, firstBytes, upload };
process.on('message', async ({ task, args }) => process.send(await tasks[task](...args)));
process.once('disconnect', () => process.exit());

/** How a reader of a kind waits after a chunk. */
const pauses = {
  fast: () => null,
  slow({ check, startedAt }) {
    const aheadMs = check.bytes / SLOW_BYTES_PER_MS - (monotonicMs() - startedAt);
    return aheadMs > SLOW_TURN_MS ? delay(aheadMs) : null;
  },
  // Until the others are done.
  stalling: ({ check, othersDone }) => (check.bytes < STALLS_AFTER_BYTES ? null : othersDone),
};

/** Reads one target with several readers at once; those of the kinds in `leaving` leave when the rest are done. */
async function readAll(target, counts, leaving) {
  const leave = new AbortController();
  setMaxListeners(0, leave.signal);
  let setDone;
  const othersDone = new Promise((resolve) => {
    setDone = resolve;
  });
  const readers = Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count }, () => ({ kind, reading: read(target, kind, othersDone, leave.signal) })),
  );
  const staying = readers.filter(({ kind }) => kind !== 'stalling' && !leaving.includes(kind));
  await Promise.all(staying.map(({ reading }) => reading));
  setDone();
  leave.abort();
  return Promise.all(readers.map(({ reading }) => reading));
}

async function read(target, kind, othersDone, signal) {
  const check = new PatternCheck();
  const startedAt = monotonicMs();
  let lastAt = startedAt;
  let longestGapMs = 0;
  let error = null;
  try {
    const response = await get(target, kind === 'stalling' ? undefined : signal);
    for await (const chunk of response) {
      check.add(chunk);
      longestGapMs = Math.max(longestGapMs, monotonicMs() - lastAt);
      await pauses[kind]({ check, startedAt, othersDone });
      lastAt = monotonicMs();
    }
  } catch (failure) {
    error = failure.code ?? failure.message;
  }
  const { bytes, intact } = check;
  return { kind, bytes, intact, error, longestGapMs, tookMs: monotonicMs() - startedAt };
}

async function get(target, signal) {
  const outgoing = httpRequest(url + target, { agent: new Agent(), signal });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  return response;
}

/** When the first byte of a body came, so many times. */
async function firstBytes(target, times) {
  const at = [];
  for (let i = 0; i < times; i += 1) {
    const response = await get(target);
    await once(response, 'readable');
    at.push(monotonicMs());
    response.resume();
    await once(response, 'end');
  }
  return at;
}

async function upload(target, bodyBytes) {
  const startedAt = monotonicMs();
  const outgoing = httpRequest(url + target, { method: 'POST', headers: { 'Content-Length': bodyBytes } });
  const answered = once(outgoing, 'response');
  for (let at = 0; at < bodyBytes; at += PIECE_BYTES) {
    if (!outgoing.write(piece(at, Math.min(PIECE_BYTES, bodyBytes - at)))) await once(outgoing, 'drain');
  }
  outgoing.end();
  const [response] = await answered;
  const answer = JSON.parse(String(Buffer.concat(await response.toArray())));
  return { ...answer, status: response.statusCode, tookMs: monotonicMs() - startedAt };
}
