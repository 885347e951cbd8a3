import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createBackground } from '../background.ts';
import { CachegateError } from '../errors.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import type { FunctionObserver } from './cached-function.ts';
import { createFunctions } from './create-functions.ts';
import { createFunctionResults } from './function-results.ts';
import { safeObserver } from './safe-observer.ts';

afterEach(() => {
  vi.useRealTimers();
});

const keys = createStoreKeys('', '');
const MINUTE = { name: 'f', ttl: 60 };
const away = new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused');

function setUp() {
  const clock = createManualClock();
  const memory = createMemoryStore({ maxBytes: 1_000_000, clock });
  const store = createFaultyStore(memory);
  const background = createBackground(100, () => {});
  const told: string[] = [];
  const tell = (what: string) => (name: string, detail: unknown) => {
    told.push(`${what} ${name} ${detail instanceof Error ? detail.message : String(detail)}`);
  };
  const observer: FunctionObserver = {
    resultLookedUp: (name, result, counted) => told.push(`${result} ${name} ${counted}`),
    staleAnswered: tell('stood in'),
    refreshFailed: tell('refresh failed'),
    resultRefused: tell('refused'),
    storeFailed: (operation, error) => told.push(`store ${operation} ${error.code}`),
  };
  const results = createFunctionResults({ store, background, observer: safeObserver([observer]) });
  const close = async () => {};
  const functions = createFunctions(
    { results: () => results, neededResults: async () => results, close },
    keys,
  );
  const heard = () => told.splice(0);
  return { clock, memory, store, heard, background, ...functions, settle: () => background.settle(1_000) };
}

/** Answers how often it was carried out. */
function counting() {
  let times = 0;
  return async (..._args: readonly unknown[]): Promise<{ times: number }> => {
    times += 1;
    return { times };
  };
}

/** What answers when it is told to. */
function held<T>() {
  const asked: { resolve(value: T): void; reject(error: Error): void }[] = [];
  return {
    asked,
    fn: (..._args: readonly unknown[]) =>
      new Promise<T>((resolve, reject) => asked.push({ resolve, reject })),
  };
}

describe('a cached function', () => {
  it('is carried out once for the same arguments, while its result is fresh', async () => {
    const { cached, clock, settle, heard } = setUp();
    const fn = cached(counting(), { name: 'f', ttl: 1.5 });
    expect(await fn({ a: 1, b: [2n] })).toEqual({ times: 1 });
    await settle();
    expect(await fn({ b: [2n], a: 1 })).toEqual({ times: 1 });
    expect(await fn({ b: [3n], a: 1 })).toEqual({ times: 2 });
    clock.advance(1_499);
    expect(await fn({ a: 1, b: [2n] })).toEqual({ times: 1 });
    clock.advance(1);
    expect(await fn({ a: 1, b: [2n] })).toEqual({ times: 3 });
    expect(heard()).toEqual(['miss', 'hit', 'miss', 'hit', 'miss'].map((word) => `${word} f values`));
  });

  it('says of itself what the function does', () => {
    const { cached } = setUp();
    async function getUser(id: number, _part: string): Promise<number> {
      return id;
    }
    const fn = cached(getUser, MINUTE);
    expect([fn.name, fn.length]).toEqual(['getUser', 2]);
  });

  it('gives each caller a result of their own, which is what the function answered', async () => {
    const { cached, settle } = setUp();
    const made = { at: new Date(1), ids: new Set([1n]), bytes: Buffer.from('a'), none: undefined };
    const fn = cached(async () => structuredCloneOf(made), MINUTE);
    const [first, second] = await Promise.all([fn(), fn()]);
    first.ids.clear();
    expect(second).toStrictEqual(made);
    second.at.setTime(2);
    await settle();
    expect(await fn()).toStrictEqual(made);
  });

  it('is another with another version or name, and the same with the same', async () => {
    const { cached, settle } = setUp();
    const one = counting();
    expect(await cached(one, { name: 'f', ttl: 60 })(1)).toEqual({ times: 1 });
    await settle();
    expect(await cached(one, { name: 'f', ttl: 60, version: 2 })(1)).toEqual({ times: 2 });
    expect(await cached(one, { name: 'g', ttl: 60 })(1)).toEqual({ times: 3 });
    expect(await cached(one, { name: 'f', ttl: 60, version: 1 })(1)).toEqual({ times: 1 });
  });

  it('is told apart by its key, where it has one', async () => {
    const { cached, settle } = setUp();
    const fn = cached(counting(), { name: 'f', ttl: 60, key: (user) => (user as { id: number }).id });
    await fn({ id: 1, log: () => 1 });
    await settle();
    expect(await fn({ id: 1 })).toEqual({ times: 1 });
    expect(await fn({ id: 2 })).toEqual({ times: 2 });
    const forgetful = cached(counting(), { ...MINUTE, key: () => undefined });
    await expect(forgetful(1)).rejects.toMatchObject({ code: 'ERR_CACHE_KEY' });
  });

  it('is carried out with its arguments as they were when it was called', async () => {
    const { cached, clock, settle } = setUp();
    const options = { ...MINUTE, staleWhileRevalidate: 30 };
    const pageOf = async (asked: unknown) => (asked as { page: number }).page;
    const fn = cached(pageOf, { ...options, tags: (asked) => [`page:${(asked as { page: number }).page}`] });
    const asked = { page: 0 };
    const called: Promise<number>[] = [];
    for (asked.page = 1; asked.page < 4; asked.page += 1) called.push(fn(asked));
    expect(await Promise.all(called)).toEqual([1, 2, 3]);
    await settle();
    clock.advance(60_001);
    asked.page = 1;
    expect(await fn(asked)).toBe(1);
    // It is made anew behind the answer.
    asked.page = 9;
    await settle();
    expect(await fn({ page: 1 })).toBe(1);
  });

  it('stores nothing of what has another key by now', async () => {
    const { cached, settle, heard } = setUp();
    class Asked {
      page = 1;
    }
    const pageOf = async (asked: Asked) => asked.page;
    const fn = cached(pageOf, { ...MINUTE, key: ({ page }) => page });
    const asked = new Asked();
    const others = [fn(asked), fn(new Asked())];
    asked.page = 2;
    expect(await Promise.all(others)).toEqual([2, 1]);
    await settle();
    expect(await fn(new Asked())).toBe(1);
    expect(heard()).toContain(
      "refused f A result can't be stored: the arguments are not those of its key any more",
    );
  });

  it('has the fields of the function, as its type says', async () => {
    const { cached } = setUp();
    const fn = cached(Object.assign(counting(), { unit: 'ms' }), MINUTE);
    expect(fn.unit).toBe('ms');
    expect(() => cached(undefined as never, MINUTE)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
    );
  });

  it('tells nothing of a result but names of fields', async () => {
    const { cached, heard } = setUp();
    await cached(async () => ({ 'session=abc': { at: () => 1 } }), MINUTE)();
    expect(heard()).toContain("refused f A result can't be stored: its […].at is a function");
  });

  it('refuses arguments that can not be told apart, and is not carried out', async () => {
    const { cached } = setUp();
    const plain = vi.fn(counting());
    const fn = cached(plain, MINUTE);
    const message = expect.stringContaining('argument 2 .filter.fn is a function');
    await expect(fn(1, { filter: { fn: () => 1 } })).rejects.toMatchObject({
      code: 'ERR_CACHE_KEY',
      message,
    });
    expect(plain).not.toHaveBeenCalled();
  });

  it.each([undefined, null])('hands %s on, and does not store it unless it is asked to', async (nothing) => {
    const { cached, settle } = setUp();
    const answers: unknown[] = [nothing, 1];
    const fn = cached(async () => answers.shift(), MINUTE);
    expect(await fn()).toBe(nothing);
    await settle();
    expect(await fn()).toBe(1);
    const more: unknown[] = [nothing, 1];
    const keeping = cached(async () => more.shift(), { ...MINUTE, name: 'g', cacheNull: true });
    expect(await keeping()).toBe(nothing);
    await settle();
    expect(await keeping()).toBe(nothing);
  });

  it('hands on what can not be stored, one for each, and says so', async () => {
    const { cached, heard } = setUp();
    class Point {}
    const fn = cached(async () => new Point(), MINUTE);
    const made = await Promise.all([fn(), fn(), fn()]);
    expect(made.every((each) => each instanceof Point)).toBe(true);
    expect(new Set(made).size).toBe(3);
    expect(heard()).toContain("refused f A result can't be stored: it is an object of the class Point");
  });

  it('hands on what can not be read', async () => {
    const { cached, heard } = setUp();
    const odd = Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    expect(await cached(async () => odd, MINUTE)()).toBe(odd);
    expect(heard()).toContain("refused f A result can't be stored: it can't be read");
  });

  it('rejects as the function does, for all who wait, and is carried out anew', async () => {
    const { cached } = setUp();
    const { asked, fn } = held<number>();
    const one = cached(fn, MINUTE);
    const all = [one(1), one(1)];
    await turn();
    const failure = new Error('no database');
    asked[0]!.reject(failure);
    for (const each of await Promise.allSettled(all)) expect(each).toMatchObject({ reason: failure });
    const next = one(1);
    await turn();
    asked[1]!.resolve(2);
    expect(await next).toBe(2);
  });

  it.each([
    [{ name: '' }, 'name'],
    [{ name: 'a name' }, 'name'],
    [{ name: 'x'.repeat(61) }, 'name'],
    [{ ttl: 0 }, 'ttl'],
    [{ ttl: '60' as never }, 'ttl'],
    [{ ttl: Number.NaN }, 'ttl'],
    [{ staleIfError: -1 }, 'staleIfError'],
    [{ staleWhileRevalidate: Infinity }, 'staleWhileRevalidate'],
    [{ version: {} as never }, 'version'],
    [{ negative: { ttl: 1 } as never }, 'negative.of'],
    [{ negative: null as never }, 'negative.of'],
    [{ negative: { ttl: 0, of: () => true } }, 'negative.ttl'],
    [{ tags: [''] }, 'tags'],
    [{ tags: 'a' as never }, 'tags'],
    [{ key: 'id' as never }, 'key'],
    [{ cacheNull: 'yes' as never }, 'cacheNull'],
    [{ statistics: 1 as never }, 'statistics'],
    [{ tag: ['a'] } as never, 'tag'],
  ])('refuses the options %j', (wrong, option) => {
    const { cached } = setUp();
    expect(() => cached(counting(), { ...MINUTE, ...wrong })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_INVALID',
        message: expect.stringMatching(`^${option} of`),
      }),
    );
  });
});

it('refuses a list of more tags than a result can have, and says how many that is', () => {
  const tags = Array.from({ length: 1_025 }, (_, i) => `${i}`);
  expect(() => setUp().cached(counting(), { ...MINUTE, tags })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining('1,024') }),
  );
});

describe('a function of which nothing is said', () => {
  it.each([undefined, null, 'f'])('is refused: %s', (options) => {
    expect(() => setUp().cached(counting(), options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringMatching('^options of') }),
    );
  });
});

describe('calls at the same time', () => {
  it('are one', async () => {
    const { cached, settle } = setUp();
    const { asked, fn } = held<{ n: number }>();
    const one = cached(fn, MINUTE);
    const all = Array.from({ length: 100 }, () => one({ id: 1 }));
    await turn();
    asked[0]!.resolve({ n: 1 });
    const results = await Promise.all(all);
    expect(results).toEqual(Array(100).fill({ n: 1 }));
    expect(new Set(results).size).toBe(100);
    await settle();
    expect(await one({ id: 1 })).toEqual({ n: 1 });
    expect(asked).toHaveLength(1);
  });

  it('are others where what is under way was invalidated, which is not stored', async () => {
    const { cached, settle, invalidate } = setUp();
    const { asked, fn } = held<number>();
    const one = cached(fn, { ...MINUTE, tags: ['news'] });
    for (const forget of [() => one.invalidate(1), () => one.invalidateAll(), () => invalidate('news')]) {
      asked.length = 0;
      const old = one(1);
      await turn();
      await forget();
      const next = one(1);
      await turn();
      asked[0]!.resolve(1);
      expect(await old).toBe(1);
      // A tag says nothing of what is still to get it: who comes next waits for that, and makes its own.
      await expect.poll(() => asked.length).toBe(2);
      asked[1]!.resolve(2);
      expect(await next).toBe(2);
      await settle();
      expect(await one(1)).toBe(2);
      await one.invalidate(1);
    }
  });
});

describe('a function that takes long', () => {
  const TIMERS = { toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const };
  const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  function taking(ms: number) {
    return vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return 1;
    });
  }

  it('is carried out a few times for all who wait, and stored', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS.toFake] });
    const { cached } = setUp();
    const fn = taking(25_000);
    const one = cached(fn, MINUTE);
    const all = Promise.all(Array.from({ length: 100 }, () => one()));
    await passed(60_000);
    expect(new Set(await all)).toEqual(new Set([1]));
    expect(fn).toHaveBeenCalledTimes(3);
    expect(await one()).toBe(1);
    expect(fn).toHaveBeenCalledTimes(3);
  });

  it('takes the place of its stale result in the end', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS.toFake] });
    const { cached, clock } = setUp();
    const fn = taking(15_000);
    const one = cached(fn, { ...MINUTE, staleWhileRevalidate: 30 });
    const first = one();
    await passed(15_000);
    await first;
    await passed(0);
    clock.advance(60_001);
    expect(await one()).toBe(1);
    await passed(15_000);
    clock.advance(31_000);
    expect(await one()).toBe(1);
    expect(fn).toHaveBeenCalledTimes(2);
  });

  it('leaves the background to others where it never comes to its end', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS.toFake] });
    const { cached, clock, background } = setUp();
    const fn = vi.fn(async () => 1);
    const one = cached(fn, { ...MINUTE, staleWhileRevalidate: 30 });
    await one();
    await passed(0);
    clock.advance(60_001);
    fn.mockReturnValue(new Promise(() => {}));
    expect(await one()).toBe(1);
    await passed(9_999);
    expect(background.underWay()).not.toBeNull();
    await passed(1);
    expect(background.underWay()).toBeNull();
  });
});

describe('a result', () => {
  it('is forgotten by its arguments, its function, or its tags', async () => {
    const { cached, settle, invalidate } = setUp();
    const fn = cached(counting(), { ...MINUTE, tags: (id) => ['users', `user:${id}`] });
    const other = cached(counting(), { name: 'other', ttl: 60, tags: ['users'] });
    for (const id of [1, 2, 3, 4]) await fn(id);
    await other(1);
    await settle();
    expect([await fn.invalidate(1), await fn.invalidate(1)]).toEqual([true, false]);
    expect(await invalidate('users', 'user:2')).toBe(1);
    expect(await fn.invalidateAll()).toBe(2);
    expect(await other(1)).toEqual({ times: 1 });
    expect(await invalidate('fn:other')).toBe(1);
    expect(await fn(4)).toEqual({ times: 5 });
    await expect(invalidate('')).rejects.toMatchObject({ code: 'ERR_CACHE_KEY' });
  });

  it('lies under the key that it is said to', async () => {
    const { cached, memory, settle } = setUp();
    const fn = cached(counting(), MINUTE);
    await fn(1, 'a');
    await settle();
    expect(fn.key(1, 'a')).toMatch(/^value:\{fn:[\w-]{43}\}$/);
    expect(await memory.get([fn.key(1, 'a')])).toEqual([expect.objectContaining({ expiresInMs: 60_000 })]);
  });

  it('is found among those it is counted with', async () => {
    const { cached, memory, settle, heard } = setUp();
    await cached(counting(), MINUTE)(1);
    await cached(counting(), { name: 'getUser', ttl: 60, statistics: true })(1);
    await settle();
    expect(heard()).toEqual(['miss f values', 'miss getUser getUser']);
    for (const name of ['values', 'getUser']) {
      expect((await memory.usage(keys.serviceTags(name), 10)).entries).toBe(1);
    }
    for (let i = 0; i < 200; i += 1) {
      cached(counting(), { name: `many${i}`, ttl: 60, statistics: true });
    }
    await cached(counting(), { name: 'toomany', ttl: 60, statistics: true })(1);
    expect(heard()).toEqual(['miss toomany values']);
  });

  it('is none where a soft purge has marked it', async () => {
    const { cached, memory, settle, clock } = setUp();
    const fn = cached(counting(), { ...MINUTE, tags: ['news'], staleIfError: 60 });
    await fn();
    await settle();
    await memory.dropTagged([keys.tag('news')], { markedAt: clock.now() });
    expect(await fn()).toEqual({ times: 2 });
    await settle();
    expect(await fn()).toEqual({ times: 2 });
  });
});

describe('a stale result', () => {
  it('is answered with while it is made anew, once', async () => {
    const { cached, clock, settle, heard } = setUp();
    const { asked, fn } = held<number>();
    const one = cached(fn, { ...MINUTE, staleWhileRevalidate: 30 });
    const first = one();
    await turn();
    asked[0]!.resolve(1);
    await first;
    await settle();
    clock.advance(60_001);
    expect(await Promise.all([one(), one(), one()])).toEqual([1, 1, 1]);
    await turn();
    expect(asked).toHaveLength(2);
    expect(await one()).toBe(1);
    asked[1]!.resolve(2);
    await settle();
    expect(await one()).toBe(2);
    clock.advance(90_001);
    const last = one();
    await turn();
    asked[2]!.resolve(3);
    expect(await last).toBe(3);
    expect(heard().map((line) => line.split(' ')[0])).toEqual([
      'miss',
      ...Array(4).fill('stale'),
      'hit',
      'miss',
    ]);
  });

  it('stays where it can not be made anew, which is not tried at each call', async () => {
    const { cached, clock, settle, heard } = setUp();
    const fn = vi.fn(async () => 1);
    const one = cached(fn, { ...MINUTE, staleWhileRevalidate: 30 });
    await one();
    await settle();
    clock.advance(60_001);
    fn.mockRejectedValue(new Error('no database'));
    for (let i = 0; i < 5; i += 1) {
      expect(await one()).toBe(1);
      await settle();
    }
    expect(fn).toHaveBeenCalledTimes(2);
    expect(heard()).toContain('refresh failed f no database');
    clock.advance(1_001);
    fn.mockResolvedValue(2);
    expect(await one()).toBe(1);
    await settle();
    expect(await one()).toBe(2);
  });

  it('stands in where the function fails, as long as it may', async () => {
    const { cached, clock, settle, heard } = setUp();
    const fn = vi.fn(async () => ({ n: 1 }));
    const one = cached(fn, { ...MINUTE, staleIfError: 100 });
    await one();
    await settle();
    heard();
    clock.advance(60_001);
    fn.mockRejectedValue(new Error('no database'));
    expect(await Promise.all([one(), one()])).toEqual([{ n: 1 }, { n: 1 }]);
    expect(fn).toHaveBeenCalledTimes(2);
    expect(heard()).toEqual(['miss f values', 'miss f values', ...Array(2).fill('stood in f no database')]);
    clock.advance(100_000);
    await expect(one()).rejects.toThrow('no database');
  });

  it.each([
    ['behind an answer', { staleWhileRevalidate: 30 }, [1, null]],
    ['for an answer', { staleIfError: 30 }, [null, null]],
  ])('is forgotten where there is none any more, found %s', async (_name, options, answers) => {
    const { cached, clock, settle } = setUp();
    const fn = vi.fn(async (): Promise<number | null> => 1);
    const one = cached(fn, { ...MINUTE, ...options });
    await one();
    await settle();
    clock.advance(60_001);
    fn.mockResolvedValue(null);
    const found: unknown[] = [];
    for (let i = 0; i < 2; i += 1) {
      found.push(await one());
      await settle();
    }
    expect(found).toEqual(answers);
    fn.mockRejectedValue(new Error('no database'));
    await expect(one()).rejects.toThrow('no database');
  });

  it('is not what others than its own options allow', async () => {
    const { cached, clock, settle } = setUp();
    const fn = counting();
    await cached(fn, { ...MINUTE, staleWhileRevalidate: 30 })();
    await settle();
    clock.advance(60_001);
    expect(await cached(fn, MINUTE)()).toEqual({ times: 2 });
  });
});

describe('a failure', () => {
  const chosen = { ttl: 10, of: (error: unknown) => error instanceof RangeError };

  it('is a result by choice, for as long as it says', async () => {
    const { cached, clock, settle } = setUp();
    const failure = Object.assign(new RangeError('no such user'), { code: 'ENOUSER' });
    const fn = vi.fn(async (_id: number): Promise<number> => Promise.reject(failure));
    const one = cached(fn, { ...MINUTE, negative: chosen, staleIfError: 1_000, staleWhileRevalidate: 1_000 });
    await expect(one(1)).rejects.toBe(failure);
    await settle();
    const known = { name: 'RangeError', message: 'no such user', code: 'ENOUSER' };
    await expect(one(1)).rejects.toMatchObject(known);
    expect(fn).toHaveBeenCalledTimes(1);
    clock.advance(10_000);
    await expect(one(1)).rejects.toBe(failure);
    expect(fn).toHaveBeenCalledTimes(2);
  });

  it('takes the place of a stale result that could stand in', async () => {
    const { cached, clock, settle } = setUp();
    const fn = vi.fn(async () => 1);
    const one = cached(fn, { ...MINUTE, negative: chosen, staleIfError: 1_000 });
    await one();
    await settle();
    clock.advance(60_001);
    fn.mockRejectedValue(new RangeError('gone'));
    await expect(one()).rejects.toThrow('gone');
    await settle();
    await expect(one()).rejects.toThrow('gone');
    expect(fn).toHaveBeenCalledTimes(2);
  });

  it('is none where nobody chose it, or where it can not be asked', async () => {
    const { cached, settle } = setUp();
    const throwing = () => {
      throw new Error('of');
    };
    for (const [name, of] of [
      ['a', () => false],
      ['b', throwing],
    ] as const) {
      const fn = vi.fn(async () => Promise.reject(new Error('no database')));
      const one = cached(fn, { name, ttl: 60, negative: { ttl: 10, of } });
      for (let i = 0; i < 2; i += 1) {
        await expect(one()).rejects.toThrow('no database');
        await settle();
      }
      expect(fn).toHaveBeenCalledTimes(2);
    }
  });
});

describe('while the store is away', () => {
  it('a function is carried out, once for calls at the same time, and nothing else is thrown', async () => {
    const { cached, store, heard } = setUp();
    const { asked, fn } = held<number>();
    const one = cached(fn, MINUTE);
    store.fail(away);
    const all = [one(1), one(1)];
    await turn();
    asked[0]!.resolve(3);
    expect(await Promise.all(all)).toEqual([3, 3]);
    expect(heard()).toContain('store read ERR_STORE_UNAVAILABLE');
    await expect(one.invalidate(1)).rejects.toBe(away);
    await expect(one.invalidateAll()).rejects.toBe(away);
  });

  it('hands on what was made where it takes reads alone', async () => {
    const { cached, store, settle } = setUp();
    const fn = cached(counting(), MINUTE);
    for (const method of ['begin', 'set', 'end'] as const) {
      store.fail(away, [method]);
      expect(await fn(method)).toEqual({ times: expect.any(Number) });
      await settle();
    }
  });

  it('goes on with stale results while it takes no writes', async () => {
    const { cached, store, settle, clock } = setUp();
    const fn = cached(counting(), { ...MINUTE, staleWhileRevalidate: 30 });
    await fn();
    await settle();
    clock.advance(60_001);
    store.fail(away, ['begin', 'set']);
    expect(await fn()).toEqual({ times: 1 });
    await settle();
    store.heal();
    expect(await fn()).toEqual({ times: 1 });
    await settle();
    expect(await fn()).toEqual({ times: 2 });
  });

  it('an observer that throws is nobody’s concern', async () => {
    const throwing = () => {
      throw new Error('observer');
    };
    const store = createMemoryStore({ maxBytes: 1_000_000 });
    const background = createBackground(100, () => {});
    const observer = safeObserver([
      { resultLookedUp: throwing, storeFailed: throwing, resultRefused: throwing },
    ]);
    const results = createFunctionResults({ store, background, observer });
    const lazy = { results: () => results, neededResults: async () => results, close: async () => {} };
    expect(await createFunctions(lazy, keys).cached(async () => 1, MINUTE)()).toBe(1);
  });
});

function structuredCloneOf<T extends { bytes: Buffer }>(made: T): T {
  return { ...structuredClone(made), bytes: Buffer.from(made.bytes) };
}
