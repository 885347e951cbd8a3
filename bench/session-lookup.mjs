// `node bench/session-lookup.mjs` (after `npm run build`): how long the look-up of a logged-in session takes in Valkey,
// with nothing kept in the process.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { runCommand } from './command.mjs';
import { wholeNumber } from './options.mjs';
import { ownSessions } from './peers/session-peers.mjs';
import { createProcesses } from './processes.mjs';
import { table } from './report.mjs';
import { oneRound, startPeer, WARM_UP_SECONDS } from './rounds.mjs';
import { startStoreServer } from './store-server.mjs';
import { describeMachine, pinSelf, requireMachine } from './tools.mjs';
import { CONNECTIONS, MANY_SESSIONS } from './workload.mjs';

const FRAMEWORKS = ['express', 'fastify'];
/** One after the other; as a site in use has them; and as many as the server can take. */
const AT_ONCE = [1, 8, CONNECTIONS];
const WANTED_MS = 1;
/** A look-up's time is then the time that its request waits for its turn. */
const FULL = 'not judged: the server is full';
const SECONDS = 3;

await runCommand(parse, main);

function parse() {
  const { values } = parseArgs({ options: { seconds: { type: 'string' } } });
  return { seconds: wholeNumber('--seconds', values.seconds, SECONDS, 600) };
}

async function main({ seconds }, signal) {
  requireMachine();
  pinSelf();
  const { processor, node, store } = describeMachine();
  const rows = await measure(seconds, signal);
  const head = [
    'server',
    'connections',
    'req/s',
    'look-ups',
    'average ms',
    'p50 ms',
    'p99 ms',
    `wanted < ${WANTED_MS} ms`,
  ];
  console.log(`${processor}; Node ${node}; Valkey ${store}.\n\n${table(head, rows.map(cellsOf))}`);
}

async function measure(seconds, signal) {
  const directory = await mkdtemp(join(tmpdir(), 'cachegate-lookup-'));
  const processes = createProcesses(directory);
  process.once('exit', processes.stopWithoutWaiting);
  const upstreams = { calls: () => 0 };
  let store;
  try {
    store = await startStoreServer(processes, directory);
    const around = { directory, processes, upstreams, store, signal };
    const rows = [];
    for (const framework of FRAMEWORKS) rows.push(...(await measureOne(framework, seconds, around)));
    return rows;
  } finally {
    store?.close();
    await processes.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureOne(framework, seconds, around) {
  const server = await startPeer(ownSessions(framework, { nearCache: 'off', timed: true }), around);
  const round = (connections, length) =>
    oneRound({ server, sessions: MANY_SESSIONS, faults: [] }, { seconds: length, connections, around });
  const rows = [];
  for (const connections of AT_ONCE) {
    await round(connections, WARM_UP_SECONDS);
    await takeTimes(server);
    const { requestsPerSecond } = await round(connections, seconds);
    rows.push({ name: server.peer.name, connections, requestsPerSecond, ...(await takeTimes(server)) });
  }
  await server.end();
  return rows;
}

async function takeTimes({ port }) {
  const { body } = await request(`http://127.0.0.1:${port}/look-ups`);
  return body.json();
}

function cellsOf({ name, connections, requestsPerSecond, count, averageMs, p50Ms, p99Ms }) {
  const times = [averageMs, p50Ms, p99Ms].map((ms) => ms.toFixed(3));
  const verdict = connections === CONNECTIONS ? FULL : averageMs < WANTED_MS ? 'met' : 'not met';
  return [name, connections, Math.round(requestsPerSecond).toLocaleString('en'), count, ...times, verdict];
}
