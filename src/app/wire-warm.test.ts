import { describe, expect, it } from 'vitest';
import { wireWarm } from './wire-warm.ts';

function wired() {
  const told: string[] = [];
  const jobs = new Set<string>();
  const note = (job: string, what: string) => {
    jobs.add(job);
    told.push(what);
  };
  const warming = wireWarm({
    warmJobChanged: (job, state) => note(job, state),
    warmed: (job, id, reason) => note(job, `${id}: ${reason ?? 'warmed'}`),
  });
  return { ...warming, told, jobs };
}

describe('warming in an application', () => {
  it('is told as a job is, each id too, and the caller of it', async () => {
    const { warm, told, jobs } = wired();
    const failures: string[] = [];
    const one = async (id: string) => {
      if (id === 'b') throw new Error('no such anime');
    };
    const onFailure = (id: string, reason: string) => failures.push(`${id}: ${reason}`);
    const counts = await warm([1, 'b', '1'], one, { concurrency: 1, onFailure });
    expect(counts).toEqual({ warmed_count: 1, failed_count: 1, total_requested: 2, duplicates: 1 });
    expect(told).toEqual(['running', '1: warmed', 'b: no such anime', 'done']);
    expect(failures).toEqual(['b: no such anime']);
    expect(jobs.size).toBe(1);
  });

  it('ends when the application closes, or its caller asks for it', async () => {
    for (const ends of ['application', 'caller']) {
      const { warm, close, told } = wired();
      const ending = new AbortController();
      const one = (id: string, signal: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          if (id !== '2') return resolve();
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          if (ends === 'application') close();
          else ending.abort();
        });
      const counts = await warm([1, 2, 3], one, { concurrency: 1, signal: ending.signal });
      expect(counts).toEqual({ warmed_count: 1, failed_count: 0, total_requested: 3, duplicates: 0 });
      expect(told).toEqual(['running', '1: warmed', 'cancelled']);
      if (ends === 'application') expect((await warm([4], one)).warmed_count).toBe(0);
    }
  });

  it('refuses what is no list', async () => {
    const { warm, told } = wired();
    await expect(warm('abc' as never, async () => {})).rejects.toMatchObject({ code: 'ERR_WARM_INVALID' });
    expect(told).toEqual(['running', 'cancelled']);
  });
});
