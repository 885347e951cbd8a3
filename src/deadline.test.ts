import { describe, expect, it } from 'vitest';
import { within } from './deadline.ts';

describe('a deadline', () => {
  const late = () => new Error('too late');

  it('passes on what comes in time', async () => {
    expect(await within(10_000, Promise.resolve('done'), late)).toBe('done');
    await expect(within(10_000, Promise.reject(new Error('failed')), late)).rejects.toThrow('failed');
  });

  it('gives up what does not', async () => {
    await expect(within(1, new Promise(() => {}), late)).rejects.toThrow('too late');
  });
});
