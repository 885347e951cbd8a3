import { describe, expect, it } from 'vitest';
import { createSessionBrowser } from '../../../test/support/session-browser.ts';
import { CachegateError } from '../../errors.ts';
import { createStoreKeys } from '../../store/keys.ts';
import { createMemoryStore } from '../../store/memory/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { createFaultyStore, type FaultyStore, type StoreCall } from '../../testing/faulty-store.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { createSessions, type SessionsOptions } from './sessions.ts';

// What becomes of sessions when the store goes away in the middle of something, and of requests that do several things.

const MINUTE = 60_000;

function setUp(options: Partial<SessionsOptions> = {}, inner?: (store: Store) => Store) {
  const clock = createManualClock();
  const memory = createMemoryStore({ maxBytes: 1 << 24, clock });
  const store = createFaultyStore(inner?.(memory) ?? memory);
  const told: string[] = [];
  const made = (more: Partial<SessionsOptions> = {}) =>
    createSessions({
      ...{ store, keys: createStoreKeys('', ''), secrets: ['a secret of thirty-two characters at least'] },
      ...{ namespace: '', mode: 'store', idleMs: 30 * MINUTE, absoluteMs: 720 * MINUTE },
      ...{ jwtOnlyMs: 15 * MINUTE, degradedWrites: 'refuse', maxBytes: 8_192, allowedOrigins: [], clock },
      cookie: { name: 'session', secure: true, sameSite: 'Lax', path: '/' },
      observer: {
        sessionsDegraded: (on, kept, error) => told.push(on ? `in ${error?.code}` : `out ${kept}`),
        sessionChangesLost: (lost, error) => told.push(`lost ${lost} ${error.code}`),
      },
      ...options,
      ...more,
    });
  const sessions = made();
  /** Until the store has been looked for twice, and a second has passed. */
  async function looked(): Promise<void> {
    clock.advance(2_000);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
  }
  return { clock, store, told, made, sessions, looked, ada: createSessionBrowser() };
}

const away = (store: FaultyStore, only?: readonly StoreCall[]) => store.fail(new Error('away'), only);

async function failed(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return 'nothing';
  } catch (error) {
    return (error as CachegateError).code ?? (error as Error).message;
  }
}

/** A store that goes away, where `dies` says so, when it has carried out a call of this method. */
function dyingAfter(method: 'set' | 'replace' | 'drop', dies: () => boolean, answers: boolean) {
  return (store: Store): Store => ({
    ...store,
    [method]: async (...args: never[]) => {
      const answer = await (store[method] as (...all: never[]) => unknown)(...args);
      if (dies() && !answers) throw new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
      return answer;
    },
  });
}

describe('one request', () => {
  it('that changes several things at once loses none of them', async () => {
    const { ada, sessions, store } = setUp();
    store.delay(2);
    await ada.request(sessions, (session) =>
      Promise.all([session.update('a', () => 1), session.update('b', () => 2)]),
    );
    await ada.request(sessions, async (session) => {
      const login = session.login('ada');
      session.set('c', 3);
      await Promise.all([login, session.update('d', () => 4)]);
      expect(session.user).toBe('ada');
    });
    const session = await ada.request(sessions);
    expect(['a', 'b', 'c', 'd'].map((field) => session.get(field))).toEqual([1, 2, 3, 4]);
  });

  it('stores what it set before an update that failed, whose error is its own', async () => {
    const { ada, sessions, told } = setUp();
    await ada.request(sessions, (session) => session.login('ada'));
    await ada.request(sessions, async (session) => {
      session.set('a', 1);
      const update = session.update('b', () => {
        throw new Error('mine');
      });
      await expect(update).rejects.toThrow('mine');
    });
    expect((await ada.request(sessions)).get('a')).toBe(1);
    expect(told).toEqual([]);
  });

  it('is told that a field can not be deleted now', async () => {
    const { ada, sessions, store } = setUp({ jwtOnlyMs: 0 });
    await ada.request(sessions, (session) => session.set('n', 1));
    away(store);
    expect(await failed(() => ada.request(sessions, (session) => session.delete('n')))).toBe(
      'ERR_SESSION_DEGRADED',
    );
  });

  it('does not bring an id back that another has changed meanwhile', async () => {
    const { ada, sessions, clock } = setUp();
    await ada.request(sessions, (session) => session.login('ada'));
    clock.advance(2 * MINUTE);
    await (await ada.open(sessions)).commit();
    const slow = await ada.open(sessions);
    await ada.request(sessions, (session) => session.rotate());
    await ada.send(slow);
    expect(await ada.user(sessions)).toBe('ada');
  });
});

describe('a request that was sent just before a login', () => {
  it('does not take the place of what the login brought', async () => {
    const { ada, sessions, clock, store } = setUp();
    await ada.request(sessions, (session) => session.set('n', 1));
    const late = createSessionBrowser(ada.cookie);
    await ada.request(sessions, (session) => session.login('ada'));
    expect(await failed(() => late.request(sessions, (session) => session.set('n', 2)))).toBe(
      'ERR_SESSION_ENDED',
    );
    expect(await failed(() => late.request(sessions, (session) => session.update('n', () => 2)))).toBe(
      'ERR_SESSION_ENDED',
    );
    away(store, ['set']);
    expect(await failed(() => late.request(sessions, (session) => session.set('n', 2)))).toBe(
      'ERR_SESSION_ENDED',
    );
    store.heal();
    clock.advance(MINUTE);
    await late.request(sessions, (session) => session.set('n', 3));
    expect((await ada.request(sessions)).get('n')).toBe(1);
  });

  it('can log in itself, and begin anew after a logout', async () => {
    const { ada, sessions } = setUp();
    await ada.request(sessions, (session) => session.set('n', 1));
    const [twin, late] = [createSessionBrowser(ada.cookie), createSessionBrowser(ada.cookie)];
    await ada.request(sessions, (session) => session.login('ada'));
    await twin.request(sessions, (session) => session.login('ada'));
    expect(await twin.user(sessions)).toBe('ada');
    await ada.request(sessions, (session) => session.logout());
    await late.request(sessions, (session) => session.set('n', 2));
    expect((await late.request(sessions)).get('n')).toBe(2);
  });
});

describe('a change of the id', () => {
  it.each([
    ['the old one was closed', 'replace', true],
    ['it was closed, which was not answered', 'replace', false],
    ['all was done, which was not answered', 'drop', false],
  ] as const)('stands although the store went away when %s', async (_, method, answers) => {
    let dies = false;
    const diesNow = () => {
      if (dies) away(set.store);
      return dies;
    };
    const set = setUp({}, dyingAfter(method, diesNow, answers));
    const { ada, sessions, store, looked } = set;
    await ada.request(sessions, async (session) => {
      session.set('n', 1);
      await session.login('ada');
    });
    const before = ada.cookie;
    dies = true;
    await ada.request(sessions, (session) => session.rotate());
    const thief = createSessionBrowser(before);
    expect(await thief.user(sessions)).toBeNull();
    dies = false;
    store.heal();
    await looked();
    const session = await ada.request(sessions);
    expect([session.user, session.get('n')]).toEqual(['ada', 1]);
    expect(await thief.user(sessions)).toBeNull();
    expect((await sessions.list('ada')).sessions).toHaveLength(1);
  });

  it('that could not close the old one takes along what others store there, and no end is lost', async () => {
    const { ada, sessions, made, store, looked } = setUp();
    const other = made();
    for (const act of ['write', 'end'] as const) {
      await ada.request(sessions, (session) => session.login('ada'));
      const twin = createSessionBrowser(ada.cookie);
      away(store, ['replace']);
      await ada.request(sessions, (session) => session.rotate());
      store.heal();
      if (act === 'write') await twin.request(other, (session) => session.set('late', 1));
      else await twin.request(other, (session) => session.logout());
      await looked();
      const session = await ada.request(sessions);
      if (act === 'write') expect([session.user, session.get('late')]).toEqual(['ada', 1]);
      else expect(session.user).toBeNull();
    }
    await other.close();
  });

  it('is one also for a client that repeats what was not answered', async () => {
    let repeats = false;
    const { ada, sessions } = setUp({}, (store) => ({
      ...store,
      replace: async (...args) => {
        const answer = await store.replace(...args);
        return repeats ? store.replace(...args) : answer;
      },
    }));
    await ada.request(sessions, (session) => session.login('ada'));
    repeats = true;
    await ada.request(sessions, (session) => session.rotate());
    expect(await ada.user(sessions)).toBe('ada');
  });

  it('leaves nothing behind that is trusted while the store is away, though nobody told of it', async () => {
    const set = setUp({}, (store) => ({ ...store, listen: () => () => {} }));
    const { ada, sessions, store } = set;
    await ada.request(sessions, (session) => session.login('ada'));
    const thief = createSessionBrowser(ada.cookie);
    await ada.request(sessions, (session) => session.rotate());
    away(store);
    expect(await thief.user(sessions)).toBeNull();
    expect(await ada.user(sessions)).toBe('ada');
  });
});

describe('JWT-only mode', () => {
  it('goes on while the store takes no writes: one line in, one line out', async () => {
    const { ada, sessions, store, told, looked } = setUp();
    await ada.request(sessions, (session) => session.login('ada'));
    away(store, ['set', 'replace']);
    for (let i = 0; i < 2; i++) {
      await failed(() => ada.request(sessions, (session) => session.set('n', i)));
      await looked();
    }
    store.heal();
    await looked();
    expect(told).toEqual(['in ERR_STORE_UNAVAILABLE', 'out 0']);
  });

  it('ends though the clock was set back, and sessions are touched by the new time', async () => {
    const { ada, sessions, clock, store, told, looked } = setUp();
    await ada.request(sessions, (session) => session.login('ada'));
    away(store);
    await ada.request(sessions);
    clock.advance(-60 * MINUTE);
    store.heal();
    await looked();
    expect(told).toEqual(['in ERR_STORE_UNAVAILABLE', 'out 0']);
    const before = ada.cookie;
    expect(await ada.user(sessions)).toBe('ada');
    expect(ada.cookie).not.toBe(before);
  });

  it('is not for one record that is too large, or that nobody can read', async () => {
    const { ada, sessions, store, told } = setUp();
    await ada.request(sessions, (session) => session.login('ada'));
    store.fail(new CachegateError('ERR_STORE_VALUE_TOO_LARGE', 'too large'), ['replace']);
    expect(await failed(() => ada.request(sessions, (session) => session.set('n', 1)))).toBe(
      'ERR_STORE_VALUE_TOO_LARGE',
    );
    expect(told).toEqual([]);
  });

  it('tells every process of a logout whose last step had failed', async () => {
    const { ada, sessions, store, looked } = setUp();
    await ada.request(sessions, (session) => session.login('ada'));
    const dropped: string[] = [];
    store.listen({ dropped: (base) => void dropped.push(base) });
    away(store, ['drop']);
    await ada.request(sessions, (session) => session.logout());
    store.heal();
    await looked();
    expect(dropped).toHaveLength(1);
  });
});

describe('what is kept while the store is away', () => {
  const queue = { degradedWrites: 'queue' } as const;

  it('is bounded, also for one session; a logout takes the room of writes', async () => {
    const { ada, sessions, store, told, looked } = setUp(queue);
    await ada.request(sessions, (session) => session.login('ada'));
    const eve = createSessionBrowser();
    await eve.request(sessions, (session) => session.login('eve'));
    away(store);
    for (let i = 0; i < 10_000; i++) await ada.request(sessions, (session) => session.set('n', i));
    expect(await failed(() => ada.request(sessions, (session) => session.set('n', -1)))).toBe(
      'ERR_SESSION_DEGRADED',
    );
    expect(sessions.status().kept).toBe(10_000);
    store.heal();
    away(store);
    await eve.request(sessions, (session) => session.logout());
    expect(told).toEqual(['in ERR_STORE_UNAVAILABLE', 'lost 10000 ERR_SESSION_DEGRADED']);
    expect(sessions.status().kept).toBe(1);
    await ada.request(sessions, (session) => session.set('n', 7));
    store.heal();
    await looked();
    expect(sessions.status()).toEqual({ mode: 'store', degraded: false, kept: 0 });
    expect((await ada.request(sessions)).get('n')).toBe(7);
  });

  it('is told in order: what is stored after it stays', async () => {
    const { ada, sessions, store, looked } = setUp(queue);
    await ada.request(sessions, (session) => session.login('ada'));
    away(store);
    await ada.request(sessions, (session) => session.set('n', 1));
    store.heal();
    // It is back, which the mode has not noticed yet; the session shows what waits for it.
    await ada.request(sessions, (session) => {
      expect([session.degraded, session.get('n')]).toEqual([false, 1]);
      session.set('n', 2);
    });
    await looked();
    expect((await ada.request(sessions)).get('n')).toBe(2);
  });

  it('is told too when it comes after the mode has ended', async () => {
    const { ada, sessions, store, looked } = setUp(queue);
    await ada.request(sessions, (session) => session.login('ada'));
    away(store);
    const slow = await ada.open(sessions);
    store.heal();
    await looked();
    expect(sessions.status().degraded).toBe(false);
    slow.session.set('n', 1);
    await ada.send(slow);
    expect((await ada.request(sessions)).get('n')).toBe(1);
  });

  it('of a login that was carried out, although that was not answered, is no conflict', async () => {
    let dies = true;
    const diesNow = () => {
      if (dies) away(set.store);
      return dies;
    };
    const set = setUp(queue, dyingAfter('set', diesNow, false));
    const { ada, sessions, store, told, looked } = set;
    await ada.request(sessions, (session) => session.login('ada'));
    await ada.request(sessions, (session) => session.set('n', 5));
    expect(sessions.status().kept).toBe(2);
    dies = false;
    store.heal();
    await looked();
    expect(told.filter((each) => each.startsWith('lost'))).toEqual([]);
    expect((await ada.request(sessions)).get('n')).toBe(5);
  });

  it('keeps the data of a session that is logged in meanwhile', async () => {
    const { ada, sessions, store, looked } = setUp(queue);
    await ada.request(sessions, (session) => session.set('basket', ['tea']));
    const before = ada.cookie;
    away(store);
    await ada.request(sessions, (session) => session.set('note', 1));
    await ada.request(sessions, (session) => session.login('ada'));
    expect(await createSessionBrowser(before).user(sessions)).toBeNull();
    store.heal();
    await looked();
    const session = await ada.request(sessions);
    expect([session.user, session.get('basket'), session.get('note')]).toEqual(['ada', ['tea'], 1]);
    expect((await createSessionBrowser(before).request(sessions)).get('basket')).toBeUndefined();
  });

  it('does not bring a session back that was ended before it was told', async () => {
    const { ada, sessions, store, looked } = setUp(queue);
    away(store);
    await ada.request(sessions, (session) => session.login('ada'));
    const thief = createSessionBrowser(ada.cookie);
    store.heal();
    await ada.request(sessions, (session) => session.logout());
    await looked();
    expect(await thief.user(sessions)).toBeNull();
  });

  it('is not stored once all of the user has been ended', async () => {
    const { ada, sessions, store, looked } = setUp(queue);
    away(store);
    await ada.request(sessions, (session) => session.login('ada'));
    store.heal();
    await sessions.endAll('ada');
    expect(await ada.user(sessions)).toBeNull();
    await looked();
    expect((await sessions.list('ada')).sessions).toEqual([]);
  });

  it('is told once, also when the application stops at that moment', async () => {
    const { ada, sessions, store, told } = setUp(queue);
    away(store);
    await ada.request(sessions, (session) => session.login('ada'));
    store.heal();
    store.delay(50);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await sessions.close();
    expect(told.filter((each) => each.startsWith('lost'))).toEqual([]);
    expect(store.calls.set).toBeLessThanOrEqual(4);
    store.heal();
    expect(await ada.user(sessions)).toBe('ada');
  });
});
