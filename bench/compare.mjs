// `node bench/compare.mjs --old DIR [--new DIR]`: two builds beside each other, under the load of rows b and b1000; with
// `--observing` one build without and with what is told of requests.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { parseCompareOptions } from './compare-options.mjs';
import { comparePairs, renderComparison } from './compare-report.mjs';
import { cachegate } from './peers/cachegate.mjs';
import { createProcesses } from './processes.mjs';
import { oneRound, startPeer, WARM_UP_SECONDS } from './rounds.mjs';
import { startStoreServer } from './store-server.mjs';
import { describeMachine, pinSelf, requireMachine } from './tools.mjs';
import { startUpstreams } from './upstreams.mjs';
import { CONNECTIONS, MANY_SESSIONS } from './workload.mjs';

const ROWS = {
  b: { storedIn: 'memory', sessions: 1 },
  b1000: { storedIn: 'memory', sessions: MANY_SESSIONS },
  c: { storedIn: 'Valkey alone', sessions: 1 },
};

await runCommand(() => parseCompareOptions(process.argv.slice(2), Object.keys(ROWS)), main);

async function main(options, signal) {
  requireMachine();
  pinSelf();
  const machine = describeMachine();
  const results = (await measure(options, signal)).map((row) => ({
    ...row,
    ...comparePairs(row.pairs, options),
  }));
  console.log(renderComparison({ machine, options, results }));
  if (options.json)
    await writeFile(options.json, `${JSON.stringify({ machine, options, results }, null, 2)}\n`);
  for (const { id, faults } of results) for (const fault of faults) console.error(`Row ${id}: ${fault}`);
  if (results.some(({ faults, met }) => faults.length > 0 || !met)) process.exitCode = 1;
}

async function measure(options, signal) {
  const directory = await mkdtemp(join(tmpdir(), 'cachegate-compare-'));
  const processes = createProcesses(directory);
  process.once('exit', processes.stopWithoutWaiting);
  const upstreams = await startUpstreams();
  let store;
  try {
    store = await startStoreServer(processes, directory);
    const around = { directory, processes, upstreams, store, signal };
    const rows = [];
    for (const id of options.rows) rows.push(await measureRow(id, options, around));
    return rows;
  } finally {
    store?.close();
    await processes.stop();
    await upstreams.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Rounds in which both servers are under load at once, on one core: whatever else the machine does takes as much from
 * either. Every few rounds both begin anew: no two processes are alike.
 */
async function measureRow(id, options, around) {
  const { pairs, pairsPerStart, seconds } = options;
  const { storedIn, sessions } = ROWS[id];
  const row = { id, sessions, pairs: [], faults: [] };
  let servers = null;
  while (row.pairs.length < pairs) {
    const order = (row.pairs.length / pairsPerStart) % 2 === 0 ? ['old', 'new'] : ['new', 'old'];
    if (row.pairs.length % pairsPerStart === 0) {
      servers = await startAnew(servers, order, { ...options, storedIn }, around);
      await together(servers, row, { seconds: WARM_UP_SECONDS, around });
    }
    const pair = await together(servers, row, { seconds, around });
    row.pairs.push(pair);
    console.error(`Row ${id}, pair ${row.pairs.length} of ${pairs}: ${ratioText(pair)}`);
  }
  await end(servers);
  return row;
}

async function together(servers, { sessions, faults }, settings) {
  const half = { ...settings, connections: CONNECTIONS / 2 };
  const [old, fresh] = await Promise.all(
    ['old', 'new'].map((label) => oneRound({ server: servers[label], sessions, faults }, half)),
  );
  return { old, new: fresh };
}

async function startAnew(before, order, { builds, observing, storedIn }, around) {
  await end(before);
  const servers = {};
  for (const label of order) {
    // An older build may not know the newer keys of the file.
    const plain = label === 'old' && !observing;
    const silent = label === 'old' && observing;
    const peer = cachegate({ storedIn, build: builds[label], label, plain, silent });
    servers[label] = await startPeer(peer, around);
  }
  return servers;
}

async function end(servers) {
  await Promise.all(Object.values(servers ?? {}).map((server) => server.end()));
}

function ratioText(pair) {
  return `old / new ${(pair.old.cpuUsPerRequest / pair.new.cpuUsPerRequest).toFixed(3)} by processor time`;
}
