import { KINDS } from './cases.mjs';

/**
 * @typedef {object} Run
 * @property {string} name of the combination
 * @property {import('./combinations.mjs').Combination['cache']} cache
 * @property {string} mode
 * @property {import('./count.mjs').Results} results
 * @property {Record<string, import('./count.mjs').Count>} counts
 * @property {readonly import('./exceptions.mjs').Failure[]} failures
 * @property {readonly string[]} excepted
 * @property {readonly string[]} stale
 * @property {readonly string[]} alone passed, though a case they depend on did not
 * @property {readonly string[]} secondTry passed only then
 */

/** @param {Run} run */
export function describeRun({ name, counts, failures, excepted, stale, alone, secondTry }) {
  return [
    name,
    ...KINDS.map((kind) => `  ${kind.padEnd(8)} ${describeCount(counts[kind])}`),
    `  with an exception: ${excepted.length}`,
    ...alone.map((id) => `  passed, but one that it depends on did not: ${id}`),
    ...secondTry.map((id) => `  passed at the second try: ${id}`),
    ...failures.map(({ id, kind, message }) => `  FAILED ${id} (${kind}): ${message}`),
    ...stale.map((id) => `  FAILED ${id} passes: remove its exception`),
  ].join('\n');
}

function describeCount({ total, passed, counted }) {
  return `${passed} of ${total} passed, ${counted} with dependencies`;
}

/** @param {Run} run */
export function asJson({ results, ...run }) {
  return { ...run, failed: Object.keys(results).filter((id) => results[id] !== true) };
}

/**
 * Where runs of one combination differ. Checks may: some of them ask where a second's edge lies.
 *
 * @param {readonly Run[]} runs
 * @returns {string[]} a line each
 */
export function differences(runs, cases) {
  const first = new Map();
  for (const run of runs) if (!first.has(run.name)) first.set(run.name, run.results);
  return runs.flatMap(({ name, results }) =>
    cases
      .filter(({ id, kind }) => kind !== 'check' && (results[id] === true) !== (first.get(name)[id] === true))
      .map(({ id }) => `FAILED ${name}: ${id} passes in one run and fails in another`),
  );
}
