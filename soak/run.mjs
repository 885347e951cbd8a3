// `npm run soak [-- case…]`: what is too large or too slow for `npm test`, timed. Prints tables for the note of a release.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcesses } from '../bench/processes.mjs';
import { describeMachine, pinSelf, requireMachine } from '../bench/tools.mjs';
import { anonymousCrawl } from './anonymous-crawl.mjs';
import { bigBody } from './big-body.mjs';
import { cachedFunction } from './cached-function.mjs';
import { coherence } from './coherence.mjs';
import { collapse } from './collapse.mjs';
import { fleetCollapse } from './fleet-collapse.mjs';
import { manyEntries } from './many-entries.mjs';
import { model } from './model.mjs';
import { originBudget } from './origin-budget.mjs';
import { purgeLatency } from './purge-latency.mjs';
import { render } from './report.mjs';
import { revalidations } from './revalidations.mjs';
import { sessionEnd } from './session-end.mjs';
import { sessionOutage } from './session-outage.mjs';
import { sessionWrites } from './session-writes.mjs';
import { storeFaults } from './store-faults.mjs';
import { ttlEstimate } from './ttl-estimate.mjs';
import { warming } from './warming.mjs';

/**
 * @typedef {object} Around what stands around the cases
 * @property {string} directory for files of the run
 * @property {ReturnType<typeof createProcesses>} processes
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {string} about
 * @property {string} [group] a name for several cases
 * @property {(around: Around) => Promise<{ tables: import('./report.mjs').Table[], faults: string[] }>} run
 */

/** @type {Case[]} */
const cases = [
  ...storeFaults,
  collapse,
  bigBody,
  revalidations,
  model,
  fleetCollapse,
  originBudget,
  purgeLatency,
  coherence,
  manyEntries,
  sessionEnd,
  sessionOutage,
  sessionWrites,
  anonymousCrawl,
  ttlEstimate,
  warming,
  cachedFunction,
];

const wanted = process.argv.slice(2);
const namesOf = ({ name, group }) => (group === undefined ? [name] : [name, group]);
const known = new Set(cases.flatMap(namesOf));
const unknown = wanted.filter((name) => !known.has(name));
if (unknown.length > 0) {
  console.error(`No case ${unknown.join(', ')}; there are: ${[...known].join(', ')}`);
  process.exit(2);
}

requireMachine();
pinSelf();
const directory = await mkdtemp(join(tmpdir(), 'cachegate-soak-'));
const processes = createProcesses(directory);
process.once('exit', processes.stopWithoutWaiting);
const tables = [];
const faults = [];
try {
  for (const each of cases) {
    if (wanted.length > 0 && !namesOf(each).some((one) => wanted.includes(one))) continue;
    const { name, about, run } = each;
    console.error(`${name}: ${about}`);
    const outcome = await run({ directory, processes });
    tables.push(...outcome.tables);
    faults.push(...outcome.faults.map((fault) => `${name}: ${fault}`));
  }
} finally {
  await processes.stop();
  await rm(directory, { recursive: true, force: true });
}

const report = render(describeMachine(), tables);
console.log(report);
if (process.env.SOAK_REPORT) await writeFile(process.env.SOAK_REPORT, `${report}\n`);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
