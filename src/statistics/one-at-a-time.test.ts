import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

function setUp() {
  const runs: { resolve(value: number): void; reject(error: Error): void }[] = [];
  let underWay = 0;
  const ask = oneAtATime(async () => {
    underWay += 1;
    expect(underWay).toBe(1);
    try {
      return await new Promise<number>((resolve, reject) => runs.push({ resolve, reject }));
    } finally {
      underWay -= 1;
    }
  });
  return { runs, ask };
}

describe('one at a time', () => {
  it('gives those who ask during a run the next, together', async () => {
    const { runs, ask } = setUp();
    const first = ask();
    const later = [ask(), ask(), ask()];
    runs[0]!.resolve(1);
    expect(await first).toBe(1);
    await turn();
    expect(runs).toHaveLength(2);
    const last = ask();
    runs[1]!.resolve(2);
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    await turn();
    runs[2]!.resolve(3);
    expect(await last).toBe(3);
    const anew = ask();
    runs[3]!.resolve(4);
    expect(await anew).toBe(4);
  });

  it('goes on after a run that fails', async () => {
    const { runs, ask } = setUp();
    const first = ask();
    const second = ask();
    runs[0]!.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    runs[1]!.resolve(2);
    expect(await second).toBe(2);
  });
});
