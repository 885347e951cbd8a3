import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createLocalWindows } from '../store/local-windows.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createLimiter } from './limiter.ts';

function setUp() {
  const clock = createManualClock();
  const store = createFaultyStore(createMemoryStore({ maxBytes: 100_000, clock }));
  const failures: string[] = [];
  const limiter = createLimiter({
    limit: { name: 'session', rule: { limit: 2, windowMs: 1_000 } },
    store,
    local: createLocalWindows(),
    clock,
    onStoreFailure: ({ code }) => failures.push(code),
  });
  const allowed = async (key = 'a') => (await limiter.take(key, { correlationId: () => 'r1' })).allowed;
  return { clock, store, failures, limiter, allowed };
}

describe('a limiter', () => {
  it('counts in the store', async () => {
    const { allowed, store, clock } = setUp();
    expect([await allowed(), await allowed(), await allowed(), await allowed('b')]).toEqual([
      ...[true, true, false, true],
    ]);
    clock.advance(1_000);
    expect(await allowed()).toBe(true);
    expect(store.calls.take).toBe(5);
  });

  it('counts in this process while the store fails, and says so', async () => {
    const { allowed, store, failures } = setUp();
    store.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused'));
    expect([await allowed(), await allowed(), await allowed()]).toEqual([true, true, false]);
    expect(failures).toEqual(Array(3).fill('ERR_STORE_UNAVAILABLE'));
    store.heal();
    expect(await allowed()).toBe(true);
  });

  it('does not ask a store that the request has found away', () => {
    const { limiter, store } = setUp();
    expect(limiter.takeLocally('a').allowed).toBe(true);
    expect(store.calls.take).toBe(0);
  });

  it('lets in at once what the store allows by what it last said, and tells it when it settles', async () => {
    const clock = createManualClock();
    const store = createFaultyStore(createMemoryStore({ maxBytes: 100_000, clock }));
    const limit = { name: 'address', rule: { limit: 100, windowMs: 1_000 } } as const;
    const local = createLocalWindows();
    const failures: string[] = [];
    const onStoreFailure = ({ code }: CachegateError) => void failures.push(code);
    const limiter = createLimiter({ limit, store, local, clock, settles: true, onStoreFailure });
    const take = () => limiter.take('a', { correlationId: () => 'r1' });
    for (let i = 0; i < 10; i += 1) expect(take()).toMatchObject({ rules: [{ remaining: 99 - i }] });
    expect(store.calls.take).toBe(1);
    await limiter.settle();
    expect(store.calls.take).toBe(2);
    store.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused'));
    take();
    await limiter.settle();
    expect(await take()).toMatchObject({ allowed: true, rules: [{ remaining: 98 }] });
    expect(failures).toEqual(['ERR_STORE_UNAVAILABLE']);
  });
});
