import { describe, expect, it } from 'vitest';
import { createLatest } from './latest.ts';

const LONG = { everyMs: 60_000, waitMs: 60_000 };

describe('createLatest', () => {
  it('asks once for all who ask, and not again so soon', async () => {
    let asked = 0;
    const latest = createLatest(async () => ++asked, LONG);
    expect(await Promise.all([latest(), latest()])).toEqual([1, 1]);
    expect(await latest()).toBe(1);
  });

  it('keeps what it knew when it can not be had', async () => {
    const answers = [async () => 1, () => Promise.reject(new Error('away')), () => null, () => 2];
    const latest = createLatest<number>(() => answers.shift()!(), { everyMs: 0, waitMs: 60_000 });
    expect([await latest(), await latest(), await latest(), await latest()]).toEqual([1, 1, 1, 2]);
  });

  it('survives what throws at once', async () => {
    let fails = true;
    const ask = () => {
      if (fails) throw new Error('away');
      return 3;
    };
    const latest = createLatest<number>(ask, { everyMs: 0, waitMs: 60_000 });
    expect(await latest()).toBeNull();
    fails = false;
    expect(await latest()).toBe(3);
  });

  it('does not wait longer than it is told', async () => {
    let answer!: (value: number) => void;
    const latest = createLatest(() => new Promise<number>((resolve) => (answer = resolve)), {
      everyMs: 60_000,
      waitMs: 1,
    });
    expect(await latest()).toBeNull();
    answer(4);
    await Promise.resolve();
    await expect.poll(latest).toBe(4);
  });
});
