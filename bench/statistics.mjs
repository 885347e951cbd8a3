// `node bench/statistics.mjs [--rounds N]` (after `npm run build`): what counting costs a request, in this process and
// shared by way of a real Valkey.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { measureInterleaved, parseRounds } from './interleaved.mjs';
import { createProcesses } from './processes.mjs';
import { createRequests, openCases, REQUESTS_A_SECOND } from './statistics-cases.mjs';
import { startStoreServer } from './store-server.mjs';
import { describeMachine } from './tools.mjs';

/** So many seconds of a server that is full make a round. */
const SECONDS_A_ROUND = 20;
const WARM_ROUNDS = 2;

await runCommand(parseRounds, main);

async function main({ rounds }, signal) {
  const directory = await mkdtemp(join(tmpdir(), 'cachegate-statistics-'));
  const processes = createProcesses(directory);
  process.once('exit', processes.stopWithoutWaiting);
  let server;
  let cases;
  try {
    server = await startStoreServer(processes, directory);
    cases = await openCases(server.url);
    const requests = createRequests();
    const how = { rounds, warmRounds: WARM_ROUNDS, signal };
    const measured = await measureInterleaved(cases.all, how, (each) => nanosecondsEach(each, requests));
    const { processor, node, store } = describeMachine();
    const of = `Medians of ${rounds} interleaved rounds of ${SECONDS_A_ROUND * REQUESTS_A_SECOND} requests`;
    console.log(`${processor}; Node ${node}; Valkey ${store}. ${of}, processor time.\n\n${render(measured)}`);
  } finally {
    await cases?.close();
    server?.close();
    await processes.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function nanosecondsEach({ observer, second, endOfSecond }, requests) {
  const before = process.cpuUsage();
  for (let i = 0; i < SECONDS_A_ROUND; i += 1) {
    requests.answer(observer, second);
    await endOfSecond();
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (SECONDS_A_ROUND * REQUESTS_A_SECOND);
}

function render(rows) {
  const cells = rows.map(({ name, bar, nanoseconds, lowest, highest, timesFloor, cost }, i) => [
    ...[name, nanoseconds.toFixed(0), `${lowest.toFixed(0)}–${highest.toFixed(0)}`, timesFloor.toFixed(2)],
    i === 0 ? '' : cost.toFixed(0),
    bar === null ? '' : `≤ ${bar}: ${cost <= bar ? 'met' : 'not met'}`,
  ]);
  const head = ['', 'ns', 'lowest–highest', 'times the floor', 'ns for counting', 'wanted'];
  return [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
