import { afterEach, expect, it, vi } from 'vitest';
import { CachegateError } from '../errors.ts';
import { NO_RESULTS } from './function-results.ts';
import { createLazyResults } from './lazy-results.ts';

afterEach(() => {
  vi.useRealTimers();
});

const refused = new CachegateError('ERR_STORE_UNAVAILABLE', 'No such folder');

it('opens once for all who ask, and answers at once from then on', async () => {
  const close = vi.fn(async () => {});
  const open = vi.fn(async () => ({ results: NO_RESULTS, close }));
  const lazy = createLazyResults(open, () => {});
  expect(open).not.toHaveBeenCalled();
  expect(await Promise.all([lazy.results(), lazy.neededResults()])).toEqual([NO_RESULTS, NO_RESULTS]);
  expect(lazy.results()).toBe(NO_RESULTS);
  expect(open).toHaveBeenCalledTimes(1);
  await Promise.all([lazy.close(), lazy.close()]);
  expect(close).toHaveBeenCalledTimes(1);
  expect(lazy.results()).toBeNull();
  await expect(lazy.neededResults()).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' });
});

it('is none where it can not be opened, which is told, and tried again after a while', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const told: unknown[] = [];
  const open = vi.fn(async () => ({ results: NO_RESULTS, close: async () => {} }));
  open.mockRejectedValueOnce(refused);
  const lazy = createLazyResults(open, (error) => told.push(error));
  expect(await Promise.all([lazy.results(), lazy.results()])).toEqual([null, null]);
  await expect(lazy.neededResults()).rejects.toBe(refused);
  vi.advanceTimersByTime(9_999);
  expect(await lazy.results()).toBeNull();
  expect([open.mock.calls.length, told]).toEqual([1, [refused]]);
  vi.advanceTimersByTime(1);
  expect(await lazy.results()).toBe(NO_RESULTS);
  await lazy.close();
});

it('is closed where it was never opened', async () => {
  const open = vi.fn(async () => ({ results: NO_RESULTS, close: async () => {} }));
  const lazy = createLazyResults(open, () => {});
  await lazy.close();
  expect(lazy.results()).toBeNull();
  expect(open).not.toHaveBeenCalled();
});
