import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CachegateError } from '../../errors.ts';
import { createFaultyStore, type FaultyStore } from '../../testing/faulty-store.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { storeContract } from '../../testing/store-contract.ts';
import { createMemoryStore } from '../memory/memory-store.ts';
import type { Store } from '../store.ts';
import { markOfOneKey } from '../store-errors.ts';
import { createResilientStore, type ResilientStore, type StateChange } from './resilient-store.ts';

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
    expect(changes).toEqual([{ state: 'away', shard: '', error: UNAVAILABLE }]);
    expect(store.counts).toMatchObject({ failures: 5, timeouts: 0, refused: 0, outages: 1 });
    await expect(get()).rejects.toMatchObject({ ...CIRCUIT_OPEN, cause: UNAVAILABLE });
    await expect(store.ping()).rejects.toMatchObject(CIRCUIT_OPEN);
    expect(inner.calls).toMatchObject({ get: 5, ping: 0 });
  });

  it('waits longer for what looks at many, and not where nobody is', async () => {
    const usage = vi.spyOn(inner, 'usage');
    usage.mockImplementation(async () => {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      return { entries: 7, sample: [], limitBytes: null };
    });
    const late = store.usage(['t'], 10);
    await vi.advanceTimersByTimeAsync(4_001);
    expect(await late).toMatchObject({ entries: 7 });
    inner.hang();
    const never = codeOf(() => store.usage(['t'], 10));
    await vi.advanceTimersByTimeAsync(260);
    expect(await never).toBe('ERR_STORE_TIMEOUT');
    expect(usage).toHaveBeenCalledOnce();
  });

  it('asks no more after three timeouts in a row', async () => {
    inner.hang();
    const calls = [1, 2, 3].map(() => codeOf(get));
    await vi.advanceTimersByTimeAsync(260);
    expect(await Promise.all(calls)).toEqual(Array(3).fill('ERR_STORE_TIMEOUT'));
    expect(store.state).toBe('away');
  });

  it('comes back by itself once a probe is answered, and says so once', async () => {
    await open();
    await vi.advanceTimersByTimeAsync(100 + 200 + 400);
    expect(inner.calls.get).toBe(5 + 3);
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
    expect(inner.calls.get).toBe(5 + 2);
  });

  it('pings where nothing else was asked for', async () => {
    inner.fail(UNAVAILABLE);
    for (let i = 0; i < 5; i++) await codeOf(() => store.ping());
    expect(store.state).toBe('away');
    inner.heal();
    await vi.advanceTimersByTimeAsync(150);
    expect([inner.calls.ping, store.state]).toEqual([6, 'available']);
  });

  it('is not back while what is asked for is refused, though it answers a ping', async () => {
    inner.fail(new CachegateError('ERR_STORE_REFUSED', 'Store refused: permission denied (NOPERM)'), ['get']);
    for (let i = 0; i < 5; i++) await codeOf(get);
    await vi.advanceTimersByTimeAsync(350);
    expect([store.state, changes.length]).toEqual(['away', 1]);
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

  it('reads and drops on while writes are refused, asks for none, and comes back when one is taken', async () => {
    await store.set('a', Buffer.from('kept'), 60_000);
    const full = new CachegateError('ERR_STORE_UNWRITABLE', 'Store refused: out of memory (OOM)');
    inner.fail(full, ['set', 'take', 'begin', 'renew', 'replace']);
    expect(await codeOf(() => store.set('b', Buffer.from('x'), 1000))).toBe('ERR_STORE_UNWRITABLE');
    expect(store.state).toBe('unwritable');
    expect(changes).toEqual([{ state: 'unwritable', shard: '', error: full }]);
    const rules = [{ limit: 1, windowMs: 1000 }];
    for (const call of [
      () => store.set('b', Buffer.from('x'), 1000),
      () => store.take('r', rules),
      () => store.begin('b'),
      () => store.replace('a', Buffer.from('kept'), Buffer.from('x'), 1000),
    ]) {
      expect(await codeOf(call)).toBe('ERR_STORE_CIRCUIT_OPEN');
    }
    expect(inner.calls).toMatchObject({ set: 2, take: 0, begin: 0, replace: 0 });
    expect(await get()).toMatchObject([{ bytes: Buffer.from('kept') }]);
    expect(await store.drop(['a'])).toBe(1);
    await vi.advanceTimersByTimeAsync(150);
    expect(store.state).toBe('unwritable');
    inner.heal();
    await vi.advanceTimersByTimeAsync(250);
    expect(store.state).toBe('available');
    expect(changes.map(({ state }) => state)).toEqual(['unwritable', 'available']);
  });

  it('leaves a shard that is away alone, and no other', async () => {
    const sharded: Store = { ...inner, shardOf: (key) => key[0]!, get: (keys) => inner.get(keys) };
    const broken: Store = {
      ...sharded,
      get: (keys) => (keys[0]!.startsWith('b') ? Promise.reject(UNAVAILABLE) : sharded.get(keys)),
      drop: (bases) => (bases[0]!.startsWith('b') ? Promise.reject(UNAVAILABLE) : inner.drop(bases)),
    };
    const one = createResilientStore(broken, {
      onStateChange: (change) => changes.push(change),
      random: () => 0,
    });
    for (let i = 0; i < 6; i++) await codeOf(() => one.get(['b1']));
    expect(await codeOf(() => one.get(['b2']))).toBe('ERR_STORE_CIRCUIT_OPEN');
    expect(one.get(['a1'])).toEqual([null]);
    expect(changes).toEqual([{ state: 'away', shard: 'b', error: UNAVAILABLE }]);
    one.set('a1', Buffer.from('x'), 60_000, { group: 'a1' });
    expect(await codeOf(() => one.drop(['a1', 'b1']))).toBe('ERR_STORE_CIRCUIT_OPEN');
    expect(one.get(['a1'])).toEqual([null]);
    await one.close();
  });

  describe('with several shards', () => {
    const wrongType = () =>
      markOfOneKey(new CachegateError('ERR_STORE_REFUSED', 'Store refused: key holds another type'));
    let sharded: ResilientStore;
    let asked: string[];
    let broken: boolean;
    beforeEach(() => {
      asked = [];
      broken = true;
      sharded = createResilientStore(
        {
          ...inner,
          shardOf: (key) => key[0] ?? 'none',
          get(keys) {
            asked.push(keys[0]!);
            if (broken) return Promise.reject(UNAVAILABLE);
            return keys[0] === 'tag:{t}' ? Promise.reject(wrongType()) : inner.get(keys);
          },
          members: () => Promise.reject(UNAVAILABLE),
          ping: () => Promise.reject(UNAVAILABLE),
          confirmed: () => Promise.reject(UNAVAILABLE),
        },
        { random: () => 0 },
      );
    });
    afterEach(() => sharded.close());

    it('probes beside the key that was asked for, which may be of any type', async () => {
      for (let i = 0; i < 5; i++) await codeOf(() => sharded.members('tag:{t}', null));
      expect(sharded.state).toBe('away');
      broken = false;
      await vi.advanceTimersByTimeAsync(150);
      expect(sharded.state).toBe('available');
      expect(asked).toEqual(['tag:{t}:probe']);
    });

    it('takes counters that one of them can not tell for no word of the others', async () => {
      const told = new Map([['hits', 1]]);
      const counting = createResilientStore({
        ...inner,
        shardOf: (key) => key[0]!,
        counters: (keys) =>
          keys.some((key) => key[0] === 'b') ? Promise.reject(UNAVAILABLE) : keys.map(() => told),
      });
      expect(await counting.counters(['a1', 'c1', 'a2'])).toEqual([told, told, told]);
      for (let i = 0; i < 10; i++)
        expect(await codeOf(() => counting.counters(['a1', 'b1', 'c1']))).not.toBe('answered');
      expect(counting.get(['a1'])).toEqual([null]);
      expect(await codeOf(() => counting.get(['b1']))).toBe('ERR_STORE_CIRCUIT_OPEN');
      await counting.close();
    });

    it('takes what is of no key for no word of any shard', async () => {
      for (let i = 0; i < 10; i++) {
        expect(await codeOf(() => sharded.ping())).toBe('ERR_STORE_UNAVAILABLE');
        expect(await codeOf(() => sharded.confirmed())).toBe('ERR_STORE_UNAVAILABLE');
      }
      expect(sharded.state).toBe('available');
    });
  });

  it('takes what lies under one key for no failure', async () => {
    inner.fail(markOfOneKey(new CachegateError('ERR_STORE_REFUSED', 'Store refused: another type')));
    for (let i = 0; i < 10; i++) expect(await codeOf(get)).toBe('ERR_STORE_REFUSED');
    expect(store.state).toBe('available');
  });

  it('is not back while the probe finds too many waiting', async () => {
    await open();
    inner.fail(new CachegateError('ERR_STORE_OVERLOADED', 'Store overloaded'));
    await vi.advanceTimersByTimeAsync(100 + 200 + 50);
    expect([inner.calls.get, store.state]).toEqual([5 + 2, 'away']);
    inner.heal();
    await vi.advanceTimersByTimeAsync(400);
    expect(store.state).toBe('available');
  });

  it('finds a store that refuses writes not writable while the probe is not answered', async () => {
    inner.fail(new CachegateError('ERR_STORE_UNWRITABLE', 'Store refused: out of memory (OOM)'));
    await codeOf(() => store.set('response:{a}', Buffer.from('x'), 1000));
    inner.hang();
    await vi.advanceTimersByTimeAsync(100 + 250 + 20);
    expect([inner.calls.set, store.state]).toEqual([2, 'unwritable']);
    inner.heal();
    await vi.advanceTimersByTimeAsync(200);
    expect(store.state).toBe('available');
    expect(await store.get(['response:{a}', 'response:{a}:probe'])).toMatchObject([null, {}]);
  });

  it('begins nothing that may take long where nobody is', async () => {
    inner.hang();
    const dropped = codeOf(() => store.dropTagged(['tag:{t}']));
    await vi.advanceTimersByTimeAsync(260);
    expect(await dropped).toBe('ERR_STORE_TIMEOUT');
    expect(inner.calls.dropTagged).toBe(0);
  });

  it('leaves no timer behind when what takes long ends after it was closed', async () => {
    inner.hang();
    const confirmed = codeOf(() => store.confirmed());
    await store.close();
    expect(vi.getTimerCount()).toBe(1);
    inner.heal();
    await vi.advanceTimersByTimeAsync(1);
    expect(await confirmed).not.toBe('ERR_STORE_TIMEOUT');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind when it is closed while away', async () => {
    await open();
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(inner.calls.get).toBe(5);
    expect(await codeOf(get)).toBe('ERR_STORE_CLOSED');
  });
});
