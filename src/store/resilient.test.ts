import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createFaultyStore, type FaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { storeContract } from '../testing/store-contract.ts';
import { createMemoryStore } from './memory.ts';
import { createResilientStore, type ResilientStore, type StateChange } from './resilient.ts';

const UNAVAILABLE = new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused');
const TIMEOUT = { code: 'ERR_STORE_TIMEOUT', message: 'Connection timeout' };
const CIRCUIT_OPEN = { code: 'ERR_STORE_CIRCUIT_OPEN', message: 'Store unavailable' };

describe('resilient store: the contract', () => {
  for (const { name, run } of storeContract) {
    it(name, () => {
      const clock = createManualClock();
      const create = () => createResilientStore(createMemoryStore({ maxBytes: 2 ** 27, clock }));
      return run({ create, advance: clock.advance });
    });
  }
});

describe('createResilientStore', () => {
  let inner: FaultyStore;
  let store: ResilientStore;
  let changes: StateChange[];

  beforeEach(() => {
    vi.useFakeTimers();
    changes = [];
    inner = createFaultyStore(createMemoryStore({ maxBytes: 1024 * 1024 }));
    store = createResilientStore(inner, { onStateChange: (change) => changes.push(change), random: () => 0 });
  });
  afterEach(async () => {
    await store.close();
    vi.useRealTimers();
  });

  const codeOf = async (call: () => unknown) => {
    try {
      await call();
      return 'answered';
    } catch (error) {
      return (error as CachegateError).code;
    }
  };
  const get = () => store.get(['a']);
  const open = async () => {
    inner.fail(UNAVAILABLE);
    for (let i = 0; i < 5; i++) await codeOf(get);
  };

  it('passes on at once what is answered at once', () => {
    expect(store.get(['a'])).toEqual([null]);
    expect(store.kind).toBe('memory');
  });

  it('fails a call at its deadline, and swallows what comes later', async () => {
    inner.delay(300);
    const late = Promise.resolve(get());
    const failure = expect(late).rejects.toMatchObject(TIMEOUT);
    await vi.advanceTimersByTimeAsync(249);
    expect(inner.calls.get).toBe(1);
    await vi.advanceTimersByTimeAsync(2);
    await failure;
    await vi.advanceTimersByTimeAsync(500);
  });

  it('gives each call a deadline of its own, with one timer', async () => {
    inner.hang();
    const settled: string[] = [];
    const call = (name: string) =>
      Promise.resolve(get()).catch((error: CachegateError) => settled.push(`${name} ${error.code}`));
    call('first');
    await vi.advanceTimersByTimeAsync(100);
    call('second');
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(160);
    expect(settled).toEqual(['first ERR_STORE_TIMEOUT']);
    await vi.advanceTimersByTimeAsync(100);
    expect(settled).toEqual(['first ERR_STORE_TIMEOUT', 'second ERR_STORE_TIMEOUT']);
  });

  it('answers what is answered in time, while an older call hangs', async () => {
    inner.hang();
    const hanging = codeOf(get);
    inner.delay(10);
    const prompt = codeOf(get);
    await vi.advanceTimersByTimeAsync(300);
    expect([await hanging, await prompt]).toEqual(['ERR_STORE_TIMEOUT', 'answered']);
  });

  it('lets an answer that is already there win over a timer that is late', async () => {
    vi.useRealTimers();
    const real = createResilientStore(inner, { deadlineMs: 20 });
    inner.delay(10);
    const answer = codeOf(() => real.get(['a']));
    const busyUntil = performance.now() + 40;
    while (performance.now() < busyUntil);
    expect(await answer).toBe('answered');
  });

  it('asks no more after five failures in a row, and says so once', async () => {
    await open();
    expect(store.state).toBe('away');
    expect(changes).toEqual([{ state: 'away', error: UNAVAILABLE }]);
    await expect(get()).rejects.toMatchObject({ ...CIRCUIT_OPEN, cause: UNAVAILABLE });
    await expect(store.ping()).rejects.toMatchObject(CIRCUIT_OPEN);
    expect(inner.calls).toMatchObject({ get: 5, ping: 0 });
  });

  it('asks no more after three timeouts in a row', async () => {
    inner.hang();
    const calls = [1, 2, 3].map(() => codeOf(get));
    await vi.advanceTimersByTimeAsync(260);
    expect(await Promise.all(calls)).toEqual(Array(3).fill('ERR_STORE_TIMEOUT'));
    expect(store.state).toBe('away');
  });

  it('comes back by itself once a ping is answered, and says so once', async () => {
    await open();
    await vi.advanceTimersByTimeAsync(100 + 200 + 400);
    expect(inner.calls.ping).toBe(3);
    expect(store.state).toBe('away');
    inner.heal();
    await vi.advanceTimersByTimeAsync(800);
    expect(store.state).toBe('available');
    expect(changes.map(({ state }) => state)).toEqual(['away', 'available']);
    expect(await get()).toEqual([null]);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  it('gives the probe a deadline too', async () => {
    await open();
    inner.hang();
    await vi.advanceTimersByTimeAsync(100 + 260 + 200 + 260);
    expect(inner.calls.ping).toBe(2);
  });

  it('does not take a value that is too large, or too many calls, for a store that is away', async () => {
    const large = Buffer.alloc(2 * 1024 * 1024);
    for (let i = 0; i < 10; i++) {
      expect(await codeOf(() => store.set('a', large, 1000))).toBe('ERR_STORE_VALUE_TOO_LARGE');
    }
    inner.fail(new CachegateError('ERR_STORE_OVERLOADED', 'Store overloaded'));
    for (let i = 0; i < 10; i++) expect(await codeOf(get)).toBe('ERR_STORE_OVERLOADED');
    expect(store.state).toBe('available');
  });

  it('takes refusals for failures', async () => {
    inner.fail(new CachegateError('ERR_STORE_REFUSED', 'Store refused: out of memory (OOM)'));
    for (let i = 0; i < 5; i++) expect(await codeOf(get)).toBe('ERR_STORE_REFUSED');
    expect(store.state).toBe('away');
  });

  it('leaves no timer behind when it is closed while away', async () => {
    await open();
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(inner.calls.ping).toBe(0);
    expect(await codeOf(get)).toBe('ERR_STORE_CLOSED');
  });
});
