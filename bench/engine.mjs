// `node bench/engine.mjs [--rounds N] [--json FILE]`: what the engine's decisions cost, without a server. Needs a build.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { engineCases } from './engine-cases.mjs';
import { median } from './measure.mjs';
import { describeMachine } from './tools.mjs';

const DEFAULT_ROUNDS = 15;
const ROUND_MS = 100;
const WARM_MS = 300;
const COUNTED_DECISIONS = 1_000_000;
const SLICE = 50_000;
const OBSERVED_WITHIN_MS = 50;
// What a slice allocates stays in the young generation until it is counted: nothing is collected meanwhile.
const COUNTING_FLAGS = ['--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'];

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, json: { type: 'string' }, count: { type: 'string' } },
});
if (values.count === undefined) await main(Number(values.rounds ?? DEFAULT_ROUNDS));
else await countBytes(engineCases.find(({ id }) => id === values.count));

async function main(rounds) {
  const rows = measure(rounds).map((row) => ({ ...row, bytes: bytesOf(row.id) }));
  const { processor, system, node } = describeMachine();
  console.log(`${processor}; ${system}; Node ${node}. Medians of ${rounds} interleaved rounds.\n`);
  console.log(render(rows));
  if (values.json) await writeFile(values.json, `${JSON.stringify({ rounds, rows }, null, 2)}\n`);
}

/** Rounds of all cases in turn; each case's time against the floor's of the same round. */
function measure(rounds) {
  const counts = engineCases.map(calibrate);
  const times = engineCases.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, each] of engineCases.entries()) times[i].push(nanosecondsEach(each, counts[i]));
  }
  const [floor] = times;
  return engineCases.map(({ id, name }, i) => ({
    id,
    name,
    nanoseconds: median(times[i]),
    lowest: Math.min(...times[i]),
    highest: Math.max(...times[i]),
    timesFloor: median(times[i].map((time, round) => time / floor[round])),
  }));
}

/** Warms a case up, and answers how many of its decisions make a round. */
function calibrate(each) {
  let count = 10_000;
  let nanoseconds = nanosecondsEach(each, count);
  for (const end = performance.now() + WARM_MS; performance.now() < end; count *= 2) {
    nanoseconds = nanosecondsEach(each, count);
  }
  return Math.ceil((ROUND_MS * 1e6) / nanoseconds);
}

function nanosecondsEach({ id, run }, count) {
  const start = process.hrtime.bigint();
  const right = run(count);
  const nanoseconds = Number(process.hrtime.bigint() - start);
  if (right !== count) throw new Error(`${id}: ${count - right} of ${count} decisions came out wrong`);
  return nanoseconds / count;
}

/** In a process of its own, whose heap is made so large that it collects nothing. */
function bytesOf(id) {
  const args = [...COUNTING_FLAGS, fileURLToPath(import.meta.url), '--count', id];
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

async function countBytes({ id, run }) {
  const collectedAt = [];
  new PerformanceObserver((list) => {
    collectedAt.push(...list.getEntries().map(({ startTime }) => startTime));
  }).observe({ entryTypes: ['gc'] });
  const slices = [];
  run(SLICE);
  for (let counted = 0; counted < COUNTED_DECISIONS; counted += SLICE) {
    globalThis.gc();
    const slice = { from: performance.now(), before: process.memoryUsage().heapUsed };
    run(SLICE);
    slices.push({ ...slice, after: process.memoryUsage().heapUsed, until: performance.now() });
  }
  await delay(OBSERVED_WITHIN_MS);
  const disturbed = slices.some(({ from, until }) => collectedAt.some((at) => at >= from && at <= until));
  if (disturbed) throw new Error(`${id}: garbage was collected while what is allocated was counted`);
  const bytes = slices.reduce((sum, { before, after }) => sum + after - before, 0);
  console.log(bytes / COUNTED_DECISIONS);
}

function render(rows) {
  const cells = rows.map(({ name, nanoseconds, lowest, highest, timesFloor, bytes }) => [
    name,
    Math.round(1e9 / nanoseconds).toLocaleString('en'),
    nanoseconds.toFixed(0),
    `${lowest.toFixed(0)}–${highest.toFixed(0)}`,
    timesFloor.toFixed(1),
    bytes.toFixed(0),
  ]);
  const head = ['decision', 'a second', 'ns', 'lowest–highest', 'times the floor', 'bytes allocated'];
  return [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
