import { readFile } from 'node:fs/promises';
import { Redis } from 'iovalkey';
import { median } from '../bench/measure.mjs';
import { cores } from '../bench/tools.mjs';
import { startStore } from './store.mjs';
import { loadTypeScript } from './typescript.mjs';

// How well, and at what cost, a random sample tells the average TTL of a million entries among as many foreign keys.
const ENTRIES = 1_000_000;
const FILLED_AT_ONCE = 5_000;
const RUNS = 100;
const FEW = 100;
const MANY = 2_000;
const WANTED = 90;
const MOST_MS = 50;
const SLOW_MICROSECONDS = 5_000;

const FILL = new URL('fill-ttls.lua', import.meta.url);
const PARTS = [
  'src/store/keys.ts',
  'src/store/valkey/valkey-store.ts',
  'src/store/resilience/resilient-store.ts',
  'src/statistics/estimate.ts',
];
const HEAD = [
  ...['TTLs', 'sample', 'runs', 'within 10 %', '95 % intervals with the truth'],
  ...['time (ms): median', 'longest', 'entries told'],
];

/** @type {import('./run.mjs').Case} */
export const ttlEstimate = {
  name: 'ttl-estimate',
  about: `the average TTL of ${ENTRIES.toLocaleString('en')} entries, by random samples`,
  async run() {
    const parts = await loadTypeScript(PARTS);
    const rows = [];
    const faults = [];
    for (const kind of ['uniform', 'bimodal']) {
      const result = await runOn(kind, parts);
      rows.push(...result.rows);
      faults.push(...result.faults.map((fault) => `${kind}: ${fault}`));
    }
    return { tables: [{ title: 'Average TTL from a sample', head: HEAD, rows }], faults };
  },
};

async function runOn(kind, parts) {
  const server = await startStore(cores.server);
  const admin = new Redis(server.url);
  const store = parts.createResilientStore(parts.createValkeyStore({ url: server.url, tracking: 'off' }));
  try {
    await store.ping();
    const expiresAt = await fill(admin, kind);
    await admin.config('SET', 'slowlog-log-slower-than', SLOW_MICROSECONDS);
    await admin.slowlog('RESET');
    const tags = parts.createStoreKeys('', 'secret').serviceTags('api');
    const look = (size) => measure(store, tags, size, expiresAt, parts.meanEstimate);
    // The first ones load the scripts, and compile what asks for them.
    for (let i = 0; i < 5; i += 1) await look(FEW);
    const [many, few] = [await repeat(() => look(MANY)), await repeat(() => look(FEW))];
    const slow = await admin.slowlog('GET', 10);
    console.error(
      /cmdstat_evalsha.*/.exec(await admin.info('commandstats'))[0],
      process.memoryUsage().rss / 1e6,
      await admin.info('memory').then((t) => /used_memory_human.*/.exec(t)[0]),
    );
    return {
      rows: [rowOf(kind, MANY, many), rowOf(kind, FEW, few)],
      faults: [...faultsOf(many, few), ...slow.map(([, , us, [name]]) => `${name} took ${us} µs`)],
    };
  } finally {
    await store.close();
    admin.disconnect();
    await server.kill();
  }
}

/** @returns the average instant that an entry expires at, in milliseconds since the epoch */
async function fill(admin, kind) {
  const script = await readFile(FILL, 'utf8');
  let sum = 0;
  for (let from = 0; from < ENTRIES; from += FILLED_AT_ONCE) {
    sum += Number(await admin.eval(script, 0, from, FILLED_AT_ONCE, kind));
  }
  return (sum / ENTRIES) * 1_000;
}

async function repeat(look) {
  const looks = [];
  for (let run = 0; run < RUNS; run += 1) looks.push(await look());
  return looks;
}

async function measure(store, tags, size, expiresAt, meanEstimate) {
  const beganAt = performance.now();
  const { entries, sample } = await store.usage(tags, size);
  const tookMs = performance.now() - beganAt;
  const truth = expiresAt - Date.now();
  const { value, low, high } = meanEstimate(
    sample.map(({ expiresInMs }) => expiresInMs),
    entries,
  );
  return {
    tookMs,
    entries,
    isNear: Math.abs(value / truth - 1) <= 0.1,
    holds: low <= truth && truth <= high,
  };
}

const countOf = (looks, what) => looks.filter((look) => look[what]).length;
const longestOf = (looks) => Math.max(...looks.map(({ tookMs }) => tookMs));

function rowOf(kind, size, looks) {
  return [
    ...[kind, size.toLocaleString('en'), looks.length, countOf(looks, 'isNear'), countOf(looks, 'holds')],
    median(looks.map(({ tookMs }) => tookMs)).toFixed(1),
    longestOf(looks).toFixed(1),
    looks[0].entries.toLocaleString('en'),
  ];
}

function faultsOf(many, few) {
  const faults = [];
  const wanted = RUNS * (WANTED / 100);
  if (countOf(many, 'isNear') < wanted) faults.push(`${countOf(many, 'isNear')} of ${RUNS} within 10 %`);
  if (countOf(few, 'holds') < wanted)
    faults.push(`${countOf(few, 'holds')} of ${RUNS} intervals hold the truth`);
  if (longestOf(few) > MOST_MS) faults.push(`a sample of ${FEW} took ${longestOf(few).toFixed(1)} ms`);
  const wrong = [...many, ...few].find(({ entries }) => entries !== ENTRIES);
  if (wrong !== undefined) faults.push(`${wrong.entries} entries were told`);
  return faults;
}
