import { quantile } from '../bench/measure.mjs';
import { GATES, loadFleetParts, startFleet } from './fleet.mjs';
import { measurePurges } from './purge-rounds.mjs';

const PURGES = Number(process.env.PURGES ?? 1_000);
// Each costs up to the heartbeat's deadline.
const DISTURBED_PURGES = Math.ceil(PURGES / 10);
const MOST_MS = { median: 10, p99: 50, max: 250 };
const HEARTBEAT_MS = 1_000;

const HEAD = [
  ...[
    'purges',
    'number',
    'other requests a second',
    'served on by the others: p50 ms',
    'p99 ms',
    'at most ms',
  ],
  ...['answered p50 ms', 'p99 ms', 'not acknowledged'],
];

/**
 * @typedef {object} Way
 * @property {string} about
 * @property {number} purges
 * @property {boolean} wait
 * @property {boolean} disturbed
 * @property {(servedOnMs: number[]) => string[]} faultsOf
 */

/** @type {Way[]} */
const WAYS = [
  { about: 'plain', purges: PURGES, wait: false, disturbed: false, faultsOf: tooLate(MOST_MS) },
  { about: 'with wait', purges: PURGES, wait: true, disturbed: false, faultsOf: tooLate({ max: 0 }) },
  {
    about: 'plain, tracking broken at random',
    purges: DISTURBED_PURGES,
    wait: false,
    disturbed: true,
    faultsOf: tooLate({ max: HEARTBEAT_MS }),
  },
  {
    about: 'with wait, tracking broken at random',
    purges: DISTURBED_PURGES,
    wait: true,
    disturbed: true,
    faultsOf: tooLate({ max: 0 }),
  },
];

/** @type {import('./run.mjs').Case} */
export const purgeLatency = {
  name: 'purge-latency',
  about: `how long ${GATES} processes under load still answer with what was purged by one of them`,
  async run(around) {
    const parts = await loadFleetParts();
    const rows = [];
    const faults = [];
    for (const way of WAYS) {
      const result = await runWay(way, parts, around);
      console.error(`  ${way.about}`);
      rows.push(result.cells);
      faults.push(...result.faults.map((fault) => `${way.about}: ${fault}`));
    }
    return { tables: [{ title: 'Purge', head: HEAD, rows }], faults };
  },
};

async function runWay({ about, purges, wait, disturbed, faultsOf }, parts, around) {
  const origin = await parts.startFleetOrigin(GATES, () => ({ fields: { 'Cache-Control': 'max-age=600' } }));
  const name = `purge-latency-${wait ? 'wait' : 'plain'}-${disturbed ? 'disturbed' : 'well'}`;
  const fleet = await startFleet(name, parts, origin, around, { proxied: disturbed });
  try {
    const task = { purges, wait, disturbed, origin, fleet, parts };
    const { servedOnMs, ackMs, loadRate, failures } = await measurePurges(task);
    const unacknowledged = purges - ackMs.length;
    const faults = [...faultsOf(servedOnMs), ...failures, ...fleet.faults()];
    if (unacknowledged > 0 && !disturbed) faults.push(`${unacknowledged} purges were not acknowledged`);
    const shown = [...quantiles(servedOnMs, [0.5, 0.99, 1]), ...quantiles(ackMs, [0.5, 0.99])];
    return { cells: [about, purges, loadRate, ...shown, unacknowledged], faults };
  } finally {
    await fleet.end();
    await origin.close();
  }
}

const quantiles = (values, shares) =>
  shares.map((share) => (values.length === 0 ? '–' : quantile(values, share).toFixed(1)));

function tooLate({ median = Number.POSITIVE_INFINITY, p99 = median, max }) {
  return (servedOnMs) =>
    Object.entries({ 0.5: median, 0.99: p99, 1: max })
      .map(([share, most]) => ({ is: quantile(servedOnMs, Number(share)), most, share }))
      .filter(({ is, most }) => is > most)
      .map(({ is, most, share }) => `${is.toFixed(1)} ms > ${most} ms at the quantile ${share}`);
}
