// `node bench/logging.mjs [--rounds N]` (after `npm run build`): what the log of the cache costs a request at each logging
// level, beside an observer that does nothing. One request in 16 is a miss; lines go to a file that keeps none.
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { createCacheLog } from '../dist/observe/cache-log.js';
import { createLog } from '../dist/observe/log.js';
import { runCommand } from './command.mjs';
import { parseRounds, printInterleaved } from './interleaved.mjs';

/** A round of what writes a line for each request is shorter, so that all take about as long. */
const CALLS = 1_000_000;
const WRITING_CALLS = 20_000;
const AGGREGATE_NS = 10_000;
const DETAILED_NS = 500_000;
const MISS_EVERY = 16;
const SERVICES = ['airtable', 'search', 'pages'];

const HIT = { hit: true, ttl: 60 };
const MISS = { hit: false, fwd: 'uri-miss', fwdStatus: 200, stored: true };
const HIT_TIMES = Array.from({ length: 64 }, (_, i) => timing({ lookupMs: 0.004 * (i + 1) }));
const MISS_TIMES = timing({ lookupMs: 0.2, originMs: 180.5, saveMs: 0.7, savedTtl: 600 });
const CLOCK = { now: () => Date.now() };

const SETTINGS = {
  ...{ log_cache_hits: true, log_cache_misses: true, log_ttl_info: true, log_timing_metrics: true },
  aggregate_log_interval: 100,
};

await runCommand(parseRounds, main);

async function main({ rounds }, signal) {
  const head = ['', 'ns a request', 'lowest–highest', 'more than the floor', 'wanted'];
  const counts = `${CALLS.toLocaleString('en')} requests (${WRITING_CALLS.toLocaleString('en')} where each is a line)`;
  const of = `${counts}, processor time`;
  await printInterleaved(cases(), { rounds, signal, head, of, cellsOf }, nanosecondsEach);
}

/** The first is the floor. */
function cases() {
  const of = (name, observer, bar, count) => ({ name, bar, count, call: caller(observer) });
  const nobody = { requestAnswered() {}, originAnswered() {}, responseSaved() {} };
  return [
    of('told to nobody', nobody, null, CALLS),
    of('`minimal`', logged('minimal'), null, CALLS),
    of('`aggregate`', logged('aggregate'), AGGREGATE_NS, CALLS),
    {
      ...of('`aggregate`, hits alone', logged('aggregate'), AGGREGATE_NS, CALLS),
      every: Number.POSITIVE_INFINITY,
    },
    of('`aggregate`, without its summaries', logged('aggregate', 1_000_000_000), AGGREGATE_NS, CALLS),
    of(
      '`aggregate`, and the log shows debug records',
      logged('aggregate', 100, 'debug'),
      null,
      WRITING_CALLS,
    ),
    of('`detailed`', logged('detailed'), DETAILED_NS, WRITING_CALLS),
  ];
}

function logged(level, interval = SETTINGS.aggregate_log_interval, shown = 'info') {
  const log = createLog({ level, destination: pino.destination({ dest: '/dev/null', sync: true }) });
  log.level = shown;
  const settings = { ...SETTINGS, logging_level: level, aggregate_log_interval: interval };
  return createCacheLog(log, settings, CLOCK);
}

function caller(observer) {
  return (i, every) => {
    const service = SERVICES[i % 3];
    if (i % every !== 0) return observer.requestAnswered?.(service, 200, request(HIT, HIT_TIMES[i % 64]));
    observer.originAnswered?.(service, 200, MISS_TIMES.originMs);
    observer.responseSaved?.(service, true, MISS_TIMES.saveMs);
    observer.requestAnswered?.(service, 200, request(MISS, MISS_TIMES));
  };
}

function request(outcome, timing) {
  const cacheKey = 'response:{airtable:m-EAdTn6Ns4iNBexMwwZhQ}';
  return { method: 'GET', target: '/v0', cacheKey, outcome, timing, correlationId: randomUUID };
}

function timing(times) {
  return { lookupStartedAt: 1, originMs: null, saveMs: null, saving: null, savedTtl: null, ...times };
}

/** Processor time, so that a busy machine does not count. */
function nanosecondsEach({ call, count, every = MISS_EVERY }) {
  const before = process.cpuUsage();
  for (let i = 1; i <= count; i += 1) call(i, every);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / count;
}

function cellsOf({ name, bar, nanoseconds, lowest, highest, isFloor, cost }) {
  const shown = (ns) => ns.toFixed(ns < 100 ? 1 : 0);
  return [
    ...[name, shown(nanoseconds), `${shown(lowest)}–${shown(highest)}`, isFloor ? '' : shown(cost)],
    bar === null ? '' : `≤ ${bar.toLocaleString('en')}: ${cost <= bar ? 'met' : 'not met'}`,
  ];
}
