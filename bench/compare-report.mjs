import { medianInterval } from './bootstrap.mjs';
import { median } from './measure.mjs';
import { FULL, table } from './report.mjs';
import { CONNECTIONS } from './workload.mjs';

/** What the upper bound of the ratio new / old has to reach: a build that is surely slower than this has failed. */
const WANTED = 0.97;

/**
 * What pairs of rounds say: the median of their ratios new / old, with its interval of 95 %.
 *
 * @param {{ old: import('./measure.mjs').Round, new: import('./measure.mjs').Round }[]} pairs
 */
export function comparePairs(pairs) {
  const byRate = ratiosOf(pairs, ({ requestsPerSecond }) => requestsPerSecond);
  const byCpuTime = ratiosOf(pairs, ({ cpuUsPerRequest }) => 1 / cpuUsPerRequest);
  const busy = median(pairs.flatMap((pair) => [pair.old.busy, pair.new.busy]));
  return { byRate, byCpuTime, busy, judged: busy >= FULL, met: byRate.interval[1] >= WANTED };
}

function ratiosOf(pairs, figure) {
  const ratios = pairs.map((pair) => figure(pair.new) / figure(pair.old));
  return { median: median(ratios), interval: medianInterval(ratios) };
}

/** @returns {string} Markdown */
export function renderComparison({ machine, options, results }) {
  const { processor, system, node, wrk } = machine;
  const { pairs, seconds, pairsPerStart } = options;
  const method =
    `${pairs} pairs of rounds of ${seconds} s, old and new first in turn, both started anew every ${pairsPerStart} ` +
    `pairs; ${CONNECTIONS} connections. Medians of the ratios new / old; in brackets the 95 % interval (bootstrap).`;
  const head = ['row', 'old req/s', 'new req/s', 'by req/s', 'by CPU time', 'core used', 'wanted', ''];
  const lines = results.map((result) => [
    result.id,
    rate(result, 'old'),
    rate(result, 'new'),
    ratio(result.byRate),
    ratio(result.byCpuTime),
    `${Math.round(result.busy * 100)} %`,
    `upper bound ≥ ${WANTED}`,
    verdict(result),
  ]);
  return [`${processor}; ${system}; Node ${node}; wrk ${wrk}.`, method, table(head, lines)].join('\n\n');
}

function rate({ pairs }, label) {
  return Math.round(median(pairs.map((pair) => pair[label].requestsPerSecond))).toLocaleString('en');
}

function ratio({ median: middle, interval: [low, high] }) {
  return `${middle.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
}

function verdict({ judged, met }) {
  if (!judged) return `not judged: the servers used less than ${FULL * 100} % of their core`;
  return met ? 'met' : 'not met';
}
