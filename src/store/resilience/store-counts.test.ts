import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CachegateError } from '../../errors.ts';
import { createFaultyStore } from '../../testing/faulty-store.ts';
import { createMemoryStore } from '../memory/memory-store.ts';
import { createResilientStore } from './resilient-store.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('calls are counted by what was asked for', async () => {
  const inner = createFaultyStore(createMemoryStore({ maxBytes: 1024 * 1024 }));
  const store = createResilientStore(inner);
  const settled = async (call: () => unknown) => call();
  const set = () => store.set('a', Buffer.from('x'), 1_000);
  const get = () => store.get(['a']);

  await Promise.allSettled([settled(set), settled(store.ping)]);
  inner.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused'), ['set', 'ping']);
  await Promise.allSettled([settled(set), settled(store.ping)]);
  inner.hang();
  const hanging = Promise.allSettled([1, 2, 3].map(() => settled(get)));
  await vi.advanceTimersByTimeAsync(260);
  await hanging;
  await Promise.allSettled([settled(get)]);

  const none = { calls: 0, timeouts: 0, failures: 0, refused: 0 };
  expect(store.counts).toMatchObject({ timeouts: 3, failures: 2, refused: 1, outages: 1 });
  expect(store.counts.operations).toMatchObject({
    get: { ...none, calls: 4, timeouts: 3, refused: 1 },
    set: { ...none, calls: 2, failures: 1 },
    ping: { ...none, calls: 2, failures: 1 },
    take: none,
  });
  await store.close();
});
