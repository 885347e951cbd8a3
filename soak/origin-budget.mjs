import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { quantile } from '../bench/measure.mjs';
import { startChild } from './child.mjs';
import { GATES, loadFleetParts, startFleet } from './fleet.mjs';
import { monotonicMs } from './monotonic.mjs';

const SECONDS = Number(process.env.SECONDS ?? 60);
const LIMIT = 5;
const WINDOW_MS = 1_000;
/** What the way from the store to the origin may differ by. */
const SLACK_MS = 50;
const WAIT_MS = 500;
/** Of each process, in the same measure for each kind of target. */
const ASKED_A_SECOND = 10;
/** Stale after a second, and allowed to be for an hour while the origin is not to be asked. */
const LASTING = 6;
const STORED_WITHIN_MS = 2_000;
// Three quarters of what is allowed: the rest is the price of polling, and of permits that came late.
const LEAST_USED = 0.75;

const HEAD = [
  ...['requests', 'at the origin', `at most in ${WINDOW_MS - SLACK_MS} ms`, 'closest ms'],
  ...[
    'origin’s longest stall ms',
    'from the origin',
    'stale in its place',
    '503 with Retry-After',
    'answered p50 ms',
    'p99 ms',
  ],
];

/** @type {import('./run.mjs').Case} */
export const originBudget = {
  name: 'origin-budget',
  about: `${GATES} processes, ${SECONDS} s of overload of an origin that may be asked ${LIMIT} times a second`,
  async run(around) {
    const parts = await loadFleetParts();
    const origin = startChild(new URL('counting-origin.mjs', import.meta.url), []);
    const { url } = await origin.message();
    const origin_limit = { rules: [{ limit: LIMIT, window_seconds: WINDOW_MS / 1000 }], wait_ms: WAIT_MS };
    const settings = {
      // A busy machine is no reason to take the store for away, while which each process counts for itself.
      store_timeout_ms: 10_000,
      services: { default: { origin: url, origin_limit } },
    };
    const fleet = await startFleet('origin-budget', parts, { urls: Array(GATES).fill(url) }, around, {
      settings,
    });
    try {
      const answers = await overload(fleet.urls);
      const seen = await origin.ask('seen');
      const dense = densest(seen.arrivals);
      return {
        tables: [{ title: "An origin's budget", head: HEAD, rows: [cellsOf(answers, seen, dense)] }],
        faults: [...faultsOf(answers, seen, dense), ...fleet.faults(), ...awayIn(fleet)],
      };
    } finally {
      await fleet.end();
      await origin.end();
    }
  },
};

/** Asks all processes at a steady rate, whatever they answer. */
async function overload(urls) {
  const pools = urls.map((url) => new Pool(url, { connections: 64 }));
  const answers = [];
  const known = new Map();
  const ask = async (pool, target) => {
    const sentAt = monotonicMs();
    const mayBeStale = sentAt - (known.get(target) ?? sentAt) > STORED_WITHIN_MS;
    const { statusCode, headers, body } = await pool.request({ method: 'GET', path: target });
    const text = await body.text();
    if (statusCode === 200 && !known.has(target)) known.set(target, monotonicMs());
    const isWhole = statusCode !== 200 || text === target;
    answers.push({ statusCode, headers, isWhole, mayBeStale, tookMs: monotonicMs() - sentAt });
  };
  const asking = [];
  const begin = monotonicMs();
  for (let i = 0; i < SECONDS * ASKED_A_SECOND; i++) {
    for (const [gate, pool] of pools.entries()) {
      asking.push(ask(pool, `/single/${gate}-${i}`), ask(pool, `/lasting/${(i + gate) % LASTING}`));
    }
    await delay(Math.max(0, begin + ((i + 1) * 1000) / ASKED_A_SECOND - monotonicMs()));
  }
  await Promise.all(asking);
  await Promise.all(pools.map((pool) => pool.destroy()));
  return answers;
}

/** How many came at most in a window, and how long at least so many more than allowed took. */
function densest(arrivals) {
  const sorted = arrivals.toSorted((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (const [to, at] of sorted.entries()) {
    while (at - sorted[from] >= WINDOW_MS - SLACK_MS) from += 1;
    most = Math.max(most, to - from + 1);
  }
  const spans = sorted.slice(LIMIT).map((at, i) => at - sorted[i]);
  return { most, closestMs: Math.min(...spans) };
}

const awayIn = ({ gates }) =>
  gates.some((gate) => gate.log().includes('The store is away')) ? ['the store was taken for away'] : [];

const isStale = ({ headers }) => /hit; ttl=-/.test(headers['cache-status'] ?? '');
const isTold = ({ statusCode, headers }) =>
  statusCode === 503 && /^[1-9]\d*$/.test(headers['retry-after'] ?? '');

function cellsOf(answers, { arrivals, longestStallMs }, { most, closestMs }) {
  const tookMs = answers.map((answer) => answer.tookMs);
  const ofOrigin = answers.filter((answer) => answer.statusCode === 200 && !isStale(answer));
  return [
    ...[answers.length, arrivals.length, most, closestMs.toFixed(1)],
    ...[Math.round(longestStallMs), ofOrigin.length],
    ...[answers.filter(isStale).length, answers.filter(isTold).length],
    ...[0.5, 0.99].map((share) => Math.round(quantile(tookMs, share))),
  ];
}

function faultsOf(answers, { arrivals, longestStallMs }, { most }) {
  const faults = [];
  const count = (what, which) => {
    const number = answers.filter(which).length;
    if (number > 0) faults.push(`${number} ${what}`);
  };
  if (most > LIMIT) {
    const stood = `the origin itself stood still for up to ${Math.round(longestStallMs)} ms`;
    faults.push(`${most} requests in ${WINDOW_MS - SLACK_MS} ms; ${stood}`);
  }
  const least = LEAST_USED * LIMIT * SECONDS;
  if (arrivals.length < least)
    faults.push(`only ${arrivals.length} of ${LIMIT * SECONDS} requests were used`);
  count(
    'answers were neither 200 nor 503 with Retry-After',
    (each) => each.statusCode !== 200 && !isTold(each),
  );
  count('answers were not whole', ({ isWhole }) => !isWhole);
  count(
    'were refused where a stale response was there',
    (each) => each.mayBeStale && each.statusCode !== 200,
  );
  if (!answers.some(isStale)) faults.push('no stale answer was given');
  if (!answers.some(isTold)) faults.push('nobody was refused');
  return faults;
}
