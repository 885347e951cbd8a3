import { median } from './measure.mjs';
import { CONNECTIONS } from './workload.mjs';

/** Below this share of its core a server waited for the load or for the machine: its rate says nothing of it. */
export const FULL = 0.9;

/**
 * @typedef {object} Result of a row
 * @property {string} id
 * @property {string} name
 * @property {number} sessions
 * @property {string | null} missing why it was not measured
 * @property {import('./measure.mjs').Round[]} rounds
 * @property {string[]} faults why its figures count for nothing
 */

/** @param {Result} result with at least one round */
export function summarize({ rounds }) {
  const medianOf = (field) => median(rounds.map((round) => round[field]));
  return {
    requestsPerSecond: medianOf('requestsPerSecond'),
    cpuUsPerRequest: medianOf('cpuUsPerRequest'),
    busy: medianOf('busy'),
    p50Us: medianOf('p50Us'),
    p99Us: medianOf('p99Us'),
    lowest: Math.min(...rounds.map((round) => round.requestsPerSecond)),
    highest: Math.max(...rounds.map((round) => round.requestsPerSecond)),
  };
}

/**
 * The bars whose two rows were both measured. A ratio is taken in each round, where the two stood side by side, and
 * the median of those counts: a machine that is quick in one round and slow in the next does not bend it.
 */
export function judge(results, bars) {
  const roundsOf = (id) => results.find((result) => result.id === id)?.rounds ?? [];
  return bars
    .map((bar) => ({ ...bar, rounds: roundsOf(bar.of), others: roundsOf(bar.to) }))
    .filter(({ rounds, others }) => rounds.length > 0 && others.length > 0)
    .map(({ rounds, others, ...bar }) => {
      const ratio = medianRatio(rounds, others, 'requestsPerSecond');
      const perCpuTime = 1 / medianRatio(rounds, others, 'cpuUsPerRequest');
      const isMet = (bar.by === 'processor time' ? perCpuTime : ratio) >= bar.atLeast;
      return { ...bar, ratio, perCpuTime, verdict: verdict(isMet, rounds, others) };
    });
}

function verdict(isMet, ...rows) {
  const areFull = rows.every((rounds) => median(rounds.map(({ busy }) => busy)) >= FULL);
  if (!areFull) return `not judged: a server used less than ${FULL * 100} % of its core`;
  return isMet ? 'met' : 'not met';
}

function medianRatio(rounds, others, field) {
  return median(rounds.map((round, index) => round[field] / others[index][field]));
}

/** @returns {string} Markdown, as docs/performance.md has it */
export function render({ machine, options, results, judged }) {
  return [machineText(machine), methodText(options), resultTable(results), judgedTable(judged)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function machineText({ processor, system, node, store, nginx, wrk }) {
  return `${processor}; ${system}; Node ${node}; Valkey ${store}; nginx ${nginx}; wrk ${wrk}.`;
}

function methodText({ rounds, seconds }) {
  return (
    `Medians of ${rounds} interleaved round${rounds === 1 ? '' : 's'} of ${seconds} s, ${CONNECTIONS} connections, ` +
    '1 KiB body (rows e1 to f4: the page of a logged-in user). Server alone on one core; wrk, Valkey, origin and authority on another. cachegate logs at its ' +
    'default level, to a file; the others do not log.'
  );
}

function resultTable(results) {
  return table(
    ['row', 'server', 'sessions', 'req/s', 'lowest–highest', 'CPU µs/req', 'core used', 'p50 ms', 'p99 ms'],
    results.map((result) => [result.id, result.name, group(result.sessions), ...figures(result)]),
  );
}

function figures(result) {
  if (result.missing !== null) return [result.missing, '', '', '', '', ''];
  const { requestsPerSecond, lowest, highest, cpuUsPerRequest, busy, p50Us, p99Us } = summarize(result);
  const mark = result.faults.length > 0 ? ' ✗' : '';
  return [
    `${group(requestsPerSecond)}${mark}`,
    `${group(lowest)}–${group(highest)}`,
    cpuUsPerRequest.toFixed(1),
    `${Math.round(busy * 100)} %`,
    (p50Us / 1000).toFixed(2),
    (p99Us / 1000).toFixed(2),
  ];
}

function judgedTable(judged) {
  if (judged.length === 0) return '';
  return table(
    ['ratio (median of the rounds)', 'by req/s', 'by CPU time', 'wanted', ''],
    judged.map(({ of, to, ratio, perCpuTime, atLeast, by, verdict }) => [
      `${of} / ${to}`,
      ratio.toFixed(2),
      perCpuTime.toFixed(2),
      `≥ ${atLeast}${by === undefined ? '' : ` by ${by}`}`,
      verdict,
    ]),
  );
}

export function table(head, lines) {
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function group(number) {
  return Math.round(number).toLocaleString('en');
}
