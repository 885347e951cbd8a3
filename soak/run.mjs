// `npm run soak [-- scenario…]`: the fault tests under real load, timed. Prints a table for the note of a release.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcesses } from '../bench/processes.mjs';
import { describeMachine, pinSelf, requireMachine } from '../bench/tools.mjs';
import { startUpstreams } from '../bench/upstreams.mjs';
import { runScenario } from './scenario.mjs';
import { scenarios } from './store-faults.mjs';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => scenarios.every((scenario) => scenario.name !== name));
if (unknown.length > 0) {
  console.error(
    `No scenario ${unknown.join(', ')}; there are: ${scenarios.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

requireMachine();
pinSelf();
const directory = await mkdtemp(join(tmpdir(), 'cachegate-soak-'));
const processes = createProcesses(directory);
process.once('exit', processes.stopWithoutWaiting);
const upstreams = await startUpstreams();
const rows = [];
try {
  for (const scenario of scenarios) {
    if (wanted.length > 0 && !wanted.includes(scenario.name)) continue;
    console.error(`${scenario.name}: ${scenario.about}`);
    rows.push(await runScenario(scenario, { directory, processes, upstreams }));
  }
} finally {
  await processes.stop();
  await upstreams.close();
  await rm(directory, { recursive: true, force: true });
}

const { processor, system, node, store } = describeMachine();
const report = [
  `${processor}; ${system}; Node ${node}; Valkey ${store}.`,
  '',
  '| scenario | requests | not 2xx | socket errors | p50 ms | p99 ms | slowest ms | authority and origin calls | back after ms |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ...rows.map((row) => `| ${Object.values(row.figures).join(' | ')} |`),
].join('\n');
console.log(report);
if (process.env.SOAK_REPORT) await writeFile(process.env.SOAK_REPORT, `${report}\n`);
for (const { faults, figures } of rows)
  for (const fault of faults) console.error(`${figures.scenario}: ${fault}`);
if (rows.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
