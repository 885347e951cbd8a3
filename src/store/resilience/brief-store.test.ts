import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CachegateError } from '../../errors.ts';
import { createFaultyStore, type FaultyStore } from '../../testing/faulty-store.ts';
import { createMemoryStore } from '../memory/memory-store.ts';
import { createResilientStore, type ResilientStore } from './resilient-store.ts';

const UNAVAILABLE = new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused');
const UNWRITABLE = new CachegateError('ERR_STORE_UNWRITABLE', 'Store refused: out of memory (OOM)');

const RULES = [{ limit: 1, windowMs: 1_000 }];

let inner: FaultyStore;
let stores: ResilientStore[];
beforeEach(() => {
  vi.useFakeTimers();
  stores = [];
  inner = createFaultyStore(createMemoryStore({ maxBytes: 1024 * 1024 }));
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  vi.useRealTimers();
});

function open(options: Parameters<typeof createResilientStore>[1] = {}): ResilientStore {
  const store = createResilientStore({ ...inner, kind: 'kv-rest' }, { random: () => 0, ...options });
  stores.push(store);
  return store;
}

/** How a call ends; time goes on until it does. */
async function outcome(call: () => unknown): Promise<string> {
  const settled = (async () => call())().then(
    () => 'answered',
    (error: CachegateError) => error.code,
  );
  await vi.advanceTimersByTimeAsync(260);
  return settled;
}

describe('a resilient store on a service over HTTP', () => {
  it('asks no more after one timeout, if nothing was answered meanwhile', async () => {
    const store = open();
    await store.get(['a']);
    inner.hang();
    expect(await outcome(() => store.get(['a']))).toBe('ERR_STORE_TIMEOUT');
    expect(await outcome(() => store.begin('a'))).toBe('ERR_STORE_CIRCUIT_OPEN');
  });

  it('goes on asking after one timeout among answers', async () => {
    const store = open();
    inner.hang();
    const lost = outcome(() => store.get(['a']));
    inner.heal();
    inner.delay(100);
    const hanging = outcome(() => store.get(['b']));
    expect(await hanging).toBe('answered');
    await lost;
    expect(store.state).toBe('available');
  });
});

describe('a resilient store that does nothing between calls', () => {
  const brief = () => open({ lasting: false });

  it('has no timer when its calls are answered', async () => {
    const store = brief();
    inner.delay(10);
    const [first, second] = [outcome(() => store.get(['a'])), outcome(() => store.dropTagged(['t']))];
    expect([await first, await second]).toEqual(['answered', 'answered']);
    expect(vi.getTimerCount()).toBe(0);
    inner.fail(UNAVAILABLE);
    for (let i = 0; i < 5; i++) await outcome(() => store.get(['a']));
    expect([store.state, vi.getTimerCount()]).toEqual(['away', 0]);
  });

  it('lets a call find out, a second later, whether the store is back', async () => {
    const changes: string[] = [];
    const store = open({ lasting: false, onStateChange: ({ state }) => changes.push(state) });
    inner.hang();
    expect(await outcome(() => store.get(['a']))).toBe('ERR_STORE_TIMEOUT');
    await vi.advanceTimersByTimeAsync(500);
    expect(await outcome(() => store.get(['a']))).toBe('ERR_STORE_CIRCUIT_OPEN');
    await vi.advanceTimersByTimeAsync(500);
    expect(await outcome(() => store.get(['a']))).toBe('ERR_STORE_TIMEOUT');
    expect(await outcome(() => store.get(['a']))).toBe('ERR_STORE_CIRCUIT_OPEN');
    inner.heal();
    expect(store.state).toBe('away');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await outcome(() => store.get(['a']))).toBe('answered');
    expect(changes).toEqual(['away', 'available']);
  });

  it('has the calls of one turn find that out, and no others meanwhile', async () => {
    const store = brief();
    inner.hang();
    await outcome(() => store.get(['a']));
    await vi.advanceTimersByTimeAsync(1_000);
    const together = [outcome(() => store.get(['a'])), outcome(() => store.take('b', RULES))];
    await vi.advanceTimersByTimeAsync(10);
    expect(await outcome(() => store.get(['a']))).toBe('ERR_STORE_CIRCUIT_OPEN');
    expect(await Promise.all(together)).toEqual(['ERR_STORE_TIMEOUT', 'ERR_STORE_TIMEOUT']);
  });

  it('lets another find out, where the first was not made after all', async () => {
    const store = brief();
    inner.fail(UNWRITABLE, ['set']);
    const set = () => store.set('a', Buffer.from('x'), 1_000);
    await outcome(set);
    inner.hang();
    await outcome(() => store.get(['a']));
    inner.heal();
    // The one circuit lets a write through, which the other refuses.
    await vi.advanceTimersByTimeAsync(500);
    expect(await outcome(set)).toBe('ERR_STORE_CIRCUIT_OPEN');
    await vi.advanceTimersByTimeAsync(2_000);
    expect([await outcome(() => store.get(['a'])), await outcome(set)]).toEqual(['answered', 'answered']);
    expect(store.state).toBe('available');
  });

  it('lets a write find out whether the store has room again', async () => {
    const store = brief();
    const set = () => store.set('a', Buffer.from('x'), 1_000);
    inner.fail(UNWRITABLE, ['set']);
    expect([await outcome(set), await outcome(set)]).toEqual([
      'ERR_STORE_UNWRITABLE',
      'ERR_STORE_CIRCUIT_OPEN',
    ]);
    expect([store.state, await outcome(() => store.get(['a']))]).toEqual(['unwritable', 'answered']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([store.state, await outcome(set)]).toEqual(['unwritable', 'ERR_STORE_UNWRITABLE']);
    inner.heal();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([await outcome(set), store.state]).toEqual(['answered', 'available']);
  });
});
