import { describe, expect, it } from 'vitest';
import { warmAll } from './warm-all.ts';

describe('warming by a function', () => {
  it('calls it once for each id, and counts', async () => {
    const asked: string[] = [];
    const failures: string[] = [];
    const progress: number[] = [];
    const result = await warmAll(
      [1, '1', 'b', '', 'c', 'b'],
      async (id) => {
        asked.push(id);
        if (id === 'c') throw new Error('no such anime');
      },
      {
        onFailure: (id, reason) => failures.push(`${id}: ${reason}`),
        onProgress: ({ warmed_count, failed_count }) => progress.push(warmed_count + failed_count),
      },
    );
    expect(result).toEqual({ warmed_count: 2, failed_count: 2, total_requested: 4, duplicates: 2 });
    expect(asked).toEqual(['1', 'b', 'c']);
    expect(failures.sort()).toEqual(['"": the id is empty', 'c: no such anime']);
    expect(progress).toEqual([1, 2, 3, 4]);
  });

  it('has nothing to do for an empty list', async () => {
    const nothing = { warmed_count: 0, failed_count: 0, total_requested: 0, duplicates: 0 };
    expect(await warmAll([], async () => {})).toEqual(nothing);
  });

  it('keeps to its concurrency', async () => {
    let now = 0;
    let most = 0;
    const one = async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
    };
    await warmAll(
      Array.from({ length: 50 }, (_, i) => i),
      one,
      { concurrency: 3 },
    );
    expect(most).toBe(3);
  });

  it('ends when it is told to, without what was broken off', async () => {
    const ending = new AbortController();
    const one = async (id: string, signal: AbortSignal) => {
      if (id !== '2') return;
      ending.abort();
      signal.throwIfAborted();
    };
    const counts = await warmAll([1, 2, 3], one, { concurrency: 1, signal: ending.signal });
    expect(counts).toEqual({ warmed_count: 1, failed_count: 0, total_requested: 3, duplicates: 0 });
  });

  it('takes a throw for a rejection', async () => {
    const one = () => {
      throw new Error('at once');
    };
    expect(await warmAll([1], one)).toMatchObject({ failed_count: 1 });
  });

  it('refuses what is no list', async () => {
    await expect(warmAll('abc' as never, async () => {})).rejects.toMatchObject({ code: 'ERR_WARM_INVALID' });
    await expect(warmAll([1], async () => {}, { concurrency: 0 })).rejects.toMatchObject({
      code: 'ERR_WARM_INVALID',
    });
  });
});
