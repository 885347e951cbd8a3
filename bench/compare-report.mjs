import { medianInterval } from './bootstrap.mjs';
import { median } from './measure.mjs';
import { FULL, table } from './report.mjs';
import { CONNECTIONS } from './workload.mjs';

/** What the upper bound of the ratio has to reach: a build that is surely slower than this has failed. */
const WANTED = 0.97;
/** The same of what is told of requests. */
const WANTED_OBSERVING = 0.95;

/**
 * What rounds of two servers at once say: the median of their ratios old / new by processor time a request, with its interval
 * of 95 %.
 *
 * @param {{ old: import('./measure.mjs').Round, new: import('./measure.mjs').Round }[]} pairs
 * @param {{ observing: boolean }} options
 */
export function comparePairs(pairs, { observing }) {
  const ratios = pairs.map((pair) => pair.old.cpuUsPerRequest / pair.new.cpuUsPerRequest);
  const ratio = { median: median(ratios), interval: medianInterval(ratios) };
  const busy = median(pairs.map((pair) => pair.old.busy + pair.new.busy));
  const wanted = observing ? WANTED_OBSERVING : WANTED;
  return { ratio, busy, judged: busy >= FULL, wanted, met: ratio.interval[1] >= wanted };
}

/** @returns {string} Markdown */
export function renderComparison({ machine, options, results }) {
  const { processor, system, node, wrk } = machine;
  const { pairs, seconds, pairsPerStart } = options;
  const method =
    `${pairs} rounds of ${seconds} s, the old and the new server under load at once, both started anew every ${pairsPerStart} ` +
    `rounds; ${CONNECTIONS / 2} connections each. Medians; in brackets the 95 % interval (bootstrap).`;
  const head = ['row', 'old µs/req', 'new µs/req', 'old / new', 'core used', 'wanted', ''];
  const lines = results.map((result) => [
    result.id,
    cpuTime(result, 'old'),
    cpuTime(result, 'new'),
    interval(result.ratio),
    `${Math.round(result.busy * 100)} %`,
    `upper bound ≥ ${result.wanted}`,
    verdict(result),
  ]);
  return [`${processor}; ${system}; Node ${node}; wrk ${wrk}.`, method, table(head, lines)].join('\n\n');
}

function cpuTime({ pairs }, label) {
  return median(pairs.map((pair) => pair[label].cpuUsPerRequest)).toFixed(1);
}

function interval({ median: middle, interval: [low, high] }) {
  return `${middle.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
}

function verdict({ judged, met }) {
  if (!judged) return `not judged: the servers used less than ${FULL * 100} % of their core`;
  return met ? 'met' : 'not met';
}
