import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { parseOptions } from './options.mjs';
import { createProcesses } from './processes.mjs';
import { judge, render, summarize } from './report.mjs';
import { measureRows, WARM_UP_SECONDS } from './rounds.mjs';
import { bars, rows } from './rows.mjs';
import { startStoreServer } from './store-server.mjs';
import { describeMachine, pinSelf, requireMachine } from './tools.mjs';
import { startUpstreams } from './upstreams.mjs';

const START_AND_CHECK_MS = 120_000;
const BETWEEN_ROUNDS_MS = 1_000;

const rowIds = rows.map(({ id }) => id);
await runCommand(() => parseOptions(process.argv.slice(2), rowIds), main);

async function main(options, signal) {
  requireMachine();
  pinSelf();
  const machine = describeMachine();
  const results = await measure(options, withDeadline(signal, options));
  const judged = judge(results, bars);
  console.log(render({ machine, options, results, judged }));
  if (options.json) await writeFile(options.json, json({ machine, options, results, judged }));
  for (const { id, faults } of results) for (const fault of faults) console.error(`Row ${id}: ${fault}`);
  if (results.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
}

function json({ results, ...rest }) {
  const medians = (result) => (result.rounds.length > 0 ? summarize(result) : null);
  const measured = results.map((result) => ({ ...result, medians: medians(result) }));
  return `${JSON.stringify({ ...rest, results: measured }, null, 2)}\n`;
}

/** Nothing that hangs can hold the run for longer than twice what it should take. */
function withDeadline(signal, { rounds, seconds, only }) {
  const measuring = only.length * (rounds * (seconds * 1000 + BETWEEN_ROUNDS_MS) + WARM_UP_SECONDS * 1000);
  return AbortSignal.any([signal, AbortSignal.timeout(START_AND_CHECK_MS + 2 * measuring)]);
}

/** @returns {Promise<import('./report.mjs').Result[]>} */
async function measure(options, signal) {
  const directory = await mkdtemp(join(tmpdir(), 'cachegate-bench-'));
  const processes = createProcesses(directory);
  process.once('exit', processes.stopWithoutWaiting);
  const upstreams = await startUpstreams();
  let store;
  try {
    store = await startStoreServer(processes, directory);
    const selected = rows.filter(({ id }) => options.only.includes(id));
    return await measureRows(selected, options, { directory, processes, upstreams, store, signal });
  } finally {
    store?.close();
    await processes.stop();
    await upstreams.close();
    await rm(directory, { recursive: true, force: true });
  }
}
