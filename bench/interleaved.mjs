import { median } from './measure.mjs';

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
