import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../bench/measure.mjs';
import { cores } from '../bench/tools.mjs';
import { proxySettings, startGate } from './gate.mjs';
import { startStore } from './store.mjs';

// A gate's whole request, and its start, with ten thousand entries in the store and with a million, in turns.
const COUNTS = [10_000, 1_000_000];
const ROUNDS = 5;
const SECONDS = 2;
const MOST = 1.2;
const FILL_MS = 600_000;

const LOAD = fileURLToPath(new URL('many-entries.lua', import.meta.url));
const FILL = fileURLToPath(new URL('fill-store.mjs', import.meta.url));
const HEAD = ['store', 'entries', 'request, 1 connection (µs)', '64 connections (requests/s)', 'start (ms)'];
const run = promisify(execFile);

/** @type {import('./run.mjs').Case} */
export const manyEntries = {
  name: 'many-entries',
  about: `a request and a start with ${COUNTS.map((count) => count.toLocaleString('en')).join(' and ')} entries`,
  async run(around) {
    const rows = [];
    const faults = [];
    for (const kind of ['Valkey', 'lmdb']) {
      const result = await runOn(kind, around);
      rows.push(...result.rows);
      faults.push(...result.faults.map((fault) => `${kind}: ${fault}`));
    }
    return { tables: [{ title: 'Many entries', head: HEAD, rows }], faults };
  },
};

async function runOn(kind, around) {
  const stores = [];
  const gates = [];
  try {
    for (const count of COUNTS) {
      const store = await startFilled(kind, count, around);
      stores.push(store);
      const beganAt = performance.now();
      const gate = await startGate(`many-${kind}-${count}`, settings(store.url), around);
      gates.push({ ...gate, count, startMs: performance.now() - beganAt, alone: [], together: [] });
    }
    for (let round = 0; round <= ROUNDS; round += 1) {
      // The first one only warms.
      for (const gate of gates) await measure(gate, round);
    }
    return report(kind, gates);
  } finally {
    for (const gate of gates) await gate.end();
    for (const store of stores) await store.kill();
  }
}

// As little as can be is kept in the process, or ten thousand would be a matter of its memory alone.
function settings(url) {
  const little = { near_cache: 'off', memory_limit_mib: 1, disk_limit_mib: 16_384 };
  return { ...proxySettings('http://127.0.0.1:9', url), ...little };
}

async function startFilled(kind, count, { directory }) {
  const store =
    kind === 'Valkey'
      ? await startStore()
      : { url: `lmdb:${join(directory, `many-${count}`)}`, kill: async () => {} };
  await run(process.execPath, [FILL, store.url, String(count), 'default'], { timeout: FILL_MS });
  return store;
}

async function measure(gate, round) {
  const alone = await load(gate, 1, round);
  const together = await load(gate, 64, round);
  if (round === 0) return;
  gate.alone.push(alone.durationUs / alone.requests);
  gate.together.push(together.requests / (together.durationUs / 1e6));
  gate.failed = (gate.failed ?? 0) + alone.refused + alone.broken + together.refused + together.broken;
}

async function load({ url, count }, connections, seed) {
  const wrk = [
    'wrk',
    '-t1',
    `-c${connections}`,
    `-d${SECONDS}s`,
    '-s',
    LOAD,
    url,
    '--',
    String(count),
    String(seed),
  ];
  const { stdout } = await run('taskset', ['-c', String(cores.load), ...wrk], {
    timeout: SECONDS * 1000 + 10_000,
  });
  return JSON.parse(/^\{"requests":.*\}$/m.exec(stdout)[0]);
}

function report(kind, gates) {
  const rows = gates.map(({ count, alone, together, startMs }) => [
    kind,
    count.toLocaleString('en'),
    median(alone).toFixed(1),
    Math.round(median(together)).toLocaleString('en'),
    Math.round(startMs),
  ]);
  const [few, many] = gates;
  const ratio = (of) => median(many[of].map((value, i) => value / few[of][i]));
  const slower = { alone: ratio('alone'), together: 1 / ratio('together') };
  rows.push([
    kind,
    'a million against ten thousand',
    `${slower.alone.toFixed(2)} ×`,
    `${slower.together.toFixed(2)} × the time`,
    `${(many.startMs / few.startMs).toFixed(2)} ×`,
  ]);
  const faults = gates.flatMap(({ failed, faults: own }) => [
    ...own(),
    ...(failed ? [`${failed} failed`] : []),
  ]);
  for (const [name, times] of Object.entries(slower)) {
    if (times > MOST) faults.push(`${name}: ${times.toFixed(2)} times as long, at most ${MOST}`);
  }
  return { rows, faults };
}
