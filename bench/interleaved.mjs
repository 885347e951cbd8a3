import { parseArgs } from 'node:util';
import { median } from './measure.mjs';
import { wholeNumber } from './options.mjs';
import { table } from './report.mjs';
import { describeMachine } from './tools.mjs';

const DEFAULT_ROUNDS = 15;
const WARM_ROUNDS = 3;

/** `--rounds N` of the command line. */
export function parseRounds() {
  const { values } = parseArgs({ options: { rounds: { type: 'string' } } });
  return { rounds: wholeNumber('--rounds', values.rounds, DEFAULT_ROUNDS, 1_000) };
}

/**
 * Prints on what the cases were measured, and of what; then a row of each, as `cellsOf` makes it, below `head`.
 *
 * @param {object[]} all
 * @param {{ rounds: number, signal: AbortSignal, head: string[], of: string, cellsOf: (row: object) => string[] }} how
 * @param {(each: object) => number | Promise<number>} nanosecondsEach
 */
export async function printInterleaved(all, { rounds, signal, head, of, cellsOf }, nanosecondsEach) {
  const measured = await measureInterleaved(
    all,
    { rounds, warmRounds: WARM_ROUNDS, signal },
    nanosecondsEach,
  );
  const { processor, node } = describeMachine();
  const what = `Medians of ${rounds} interleaved rounds of ${of}`;
  console.log(`${processor}; Node ${node}. ${what}.\n\n${table(head, measured.map(cellsOf))}`);
}

/**
 * Rounds of all cases in turn, after some that warm up; each case's time less its floor's of the same round. The floor
 * is the first case where a case names no other.
 *
 * @template {{ name: string, bar?: number | null, floor?: number }} Case
 * @param {Case[]} all
 * @param {{ rounds: number, warmRounds: number, signal: AbortSignal }} how
 * @param {(each: Case) => number | Promise<number>} nanosecondsEach
 */
export async function measureInterleaved(all, { rounds, warmRounds, signal }, nanosecondsEach) {
  const times = all.map(() => []);
  for (let round = -warmRounds; round < rounds; round += 1) {
    for (const [i, each] of all.entries()) {
      signal.throwIfAborted();
      const time = await nanosecondsEach(each);
      if (round >= 0) times[i].push(time);
    }
  }
  return all.map(({ name, bar = null, floor = 0 }, i) => ({
    name,
    bar,
    isFloor: i === floor,
    nanoseconds: median(times[i]),
    lowest: Math.min(...times[i]),
    highest: Math.max(...times[i]),
    timesFloor: median(times[i].map((time, round) => time / times[floor][round])),
    cost: median(times[i].map((time, round) => time - times[floor][round])),
  }));
}
