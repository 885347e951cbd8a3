// `node bench/observing.mjs [--rounds N]` (after `npm run build`): what metrics and statistics together cost a hit, beside
// an observer that does nothing, and beside what prom-client's own counter and histogram cost.
import { Counter, Histogram, Registry } from 'prom-client';
import { combineObservers } from '../dist/observe/combine-observers.js';
import { createMetrics } from '../dist/observe/metrics.js';
import { createStatistics } from '../dist/statistics/create-statistics.js';
import { createStoreKeys } from '../dist/store/keys.js';
import { runCommand } from './command.mjs';
import { parseRounds, printInterleaved } from './interleaved.mjs';

const CALLS = 1_000_000;
/** A twentieth of what the fastest hit takes. */
const WANTED_NS = 800;
const SERVICES = ['airtable', 'search', 'pages'];

const OUTCOME = { hit: true, ttl: 60 };
const TIMINGS = Array.from({ length: 64 }, (_, i) => ({ lookupMs: 0.004 * (i + 1) }));
const TARGETS = Array.from({ length: 1_024 }, (_, i) => `/v0/bases/app1/records/${i}`);

await runCommand(parseRounds, main);

async function main({ rounds }, signal) {
  const head = ['told to', 'ns a hit', 'lowest–highest', 'more than the floor', 'wanted'];
  const of = `${CALLS.toLocaleString('en')} hits`;
  await printInterleaved(cases(), { rounds, signal, head, of, cellsOf }, ({ call }) => nanosecondsEach(call));
}

/** The first is the floor. A hit of a gate is told as three things: its session, its limit, and its answer. */
function cases() {
  const plain = (observer) => (i) => observer.requestAnswered(SERVICES[i % 3], 200, request(i));
  const gated = (observer) => (i) => {
    observer.limitJudged(SERVICES[i % 3], 'session', true);
    observer.sessionHit(null, 1, null);
    observer.requestAnswered(SERVICES[i % 3], 200, request(i));
  };
  const nobody = { requestAnswered() {}, limitJudged() {}, sessionHit() {} };
  return [
    { name: 'nobody', call: plain(nobody), floor: 0 },
    { name: 'metrics', call: plain(metrics()), floor: 0 },
    { name: 'statistics and metrics', call: plain(combineObservers(statistics(), metrics())), floor: 0 },
    { name: 'nobody, of a gate', call: gated(nobody), floor: 3 },
    { name: 'metrics, of a gate', call: gated(metrics()), floor: 3 },
    { name: 'prom-client’s counter and histogram, bound', call: boundOfPromClient(), floor: 0 },
  ];
}

function request(i) {
  return { method: 'GET', target: TARGETS[i % 1_024], outcome: OUTCOME, timing: TIMINGS[i % 64] };
}

function metrics() {
  return createMetrics(new Registry(), { version: '0', services: () => SERVICES });
}

function statistics() {
  const clock = { now: () => Date.now() };
  const common = { keys: createStoreKeys('', 'secret'), clock, services: () => SERVICES };
  return createStatistics({ ...common, store: null, storage: 'memory', sampleSize: 1, shownUrl: '' })
    .observer;
}

function boundOfPromClient() {
  const registers = [new Registry()];
  const counter = new Counter({ name: 'a_total', help: 'a', labelNames: ['service', 'outcome'], registers });
  const histogram = new Histogram({ name: 'b_seconds', help: 'b', labelNames: ['service'], registers });
  const counters = SERVICES.map((service) => counter.labels({ service, outcome: 'hit' }));
  const histograms = SERVICES.map((service) => histogram.labels({ service }));
  return (i) => {
    counters[i % 3].inc();
    histograms[i % 3].observe(request(i).timing.lookupMs / 1000);
  };
}

function nanosecondsEach(call) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < CALLS; i += 1) call(i);
  return Number(process.hrtime.bigint() - start) / CALLS;
}

function cellsOf({ name, isFloor, nanoseconds, lowest, highest, cost }) {
  const range = `${lowest.toFixed(0)}–${highest.toFixed(0)}`;
  const more = isFloor
    ? ['', '']
    : [cost.toFixed(0), `≤ ${WANTED_NS}: ${cost <= WANTED_NS ? 'met' : 'not met'}`];
  return [name, nanoseconds.toFixed(0), range, ...more];
}
