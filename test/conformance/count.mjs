/**
 * @typedef {true | readonly [name: string, message: string]} Result what the suite's client says of a case
 * @typedef {Readonly<Record<string, Result>>} Results by the case's id
 * @typedef {{ total: number, passed: number, counted: number, missing: number }} Count
 *   `counted`: passed, and so did every case it depends on; `missing`: without a result, which counts as failed
 */

/**
 * @param {readonly import('./cases.mjs').Case[]} cases
 * @param {Results} results
 * @returns {Record<string, Count>} by kind
 */
export function countCases(cases, results) {
  const alone = new Set(passedAlone(cases, results));
  const counts = {};
  for (const { id, kind } of cases) {
    counts[kind] ??= { total: 0, passed: 0, counted: 0, missing: 0 };
    counts[kind].total += 1;
    if (results[id] === undefined) counts[kind].missing += 1;
    if (results[id] !== true) continue;
    counts[kind].passed += 1;
    if (!alone.has(id)) counts[kind].counted += 1;
  }
  return counts;
}

/**
 * The cases that passed although one they depend on, directly or not, did not.
 *
 * @param {readonly import('./cases.mjs').Case[]} cases
 * @param {Results} results
 * @returns {string[]} ids
 */
export function passedAlone(cases, results) {
  const byId = new Map(cases.map((one) => [one.id, one]));
  return cases.filter(({ id }) => results[id] === true && !stands(id, new Set())).map(({ id }) => id);

  function stands(id, seen) {
    if (seen.has(id)) return true;
    seen.add(id);
    return results[id] === true && (byId.get(id)?.dependsOn ?? []).every((other) => stands(other, seen));
  }
}
