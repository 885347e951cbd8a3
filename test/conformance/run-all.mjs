import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { casesFor } from './cases.mjs';
import { createChildren } from './children.mjs';
import { askAll, combinations, startCache, startOrigin } from './combinations.mjs';
import { countCases, passedAlone } from './count.mjs';
import { judge } from './exceptions.mjs';

/** The suite waits far more than it works, so that more runs go side by side than there are cores. */
const AT_ONCE = 3;

/**
 * @param {import('./options.mjs').Options} options
 * @param {import('./exceptions.mjs').Exceptions} exceptions
 * @returns {Promise<{ runs: import('./report.mjs').Run[], direct: import('./count.mjs').Results | undefined }>}
 *   `direct`: the results without any cache, when all combinations are wanted
 */
export async function runAll({ wanted, runs, retry }, exceptions) {
  const directory = mkdtempSync(join(tmpdir(), 'cachegate-conformance-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const children = createChildren();
  try {
    const origin = await startOrigin(children);
    const given = { children, origin, directory };
    const tasks = Array.from({ length: runs }, () => wanted)
      .flat()
      .map((combination) => () => runOne(combination, { given, retry, exceptions }));
    let direct;
    if (wanted.length === combinations.length)
      tasks.push(async () => {
        direct = await askAll({ cache: 'gate', mode: '' }, origin, [], children);
      });
    const done = await pool(tasks);
    return { runs: done.filter((run) => run !== undefined), direct };
  } finally {
    await children.stop();
  }
}

async function runOne(combination, { given, retry, exceptions }) {
  const { name, cache, mode } = combination;
  const cases = casesFor(cache);
  const judged = (results) => judge(cases, results, exceptions, combination);
  const asked = await startCache(combination, given);
  const results = await asked.ask([]);
  const secondTry = retry ? await tryAgain(asked, results, judged) : [];
  await asked.stop();
  return {
    name,
    cache,
    mode,
    results,
    counts: countCases(cases, results),
    ...judged(results),
    alone: passedAlone(cases, results),
    secondTry,
  };
}

/** Asks the unexpected failures once more; answers the ids of those that passed, after putting that into `results`. */
async function tryAgain({ ask }, results, judged) {
  const ids = judged(results).failures.map(({ id }) => id);
  if (ids.length === 0) return [];
  const again = await ask(ids);
  const passed = ids.filter((id) => again[id] === true);
  for (const id of passed) results[id] = true;
  return passed;
}

/** The answers of all tasks, in their order. */
async function pool(tasks) {
  const answers = [];
  const queue = tasks.entries();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [at, task] of queue) answers[at] = await task();
    }),
  );
  return answers;
}
