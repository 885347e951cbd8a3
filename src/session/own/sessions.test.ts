import { beforeEach, describe, expect, it } from 'vitest';
import type { CachegateError } from '../../errors.ts';
import { createStoreKeys } from '../../store/keys.ts';
import { createMemoryStore } from '../../store/memory/memory-store.ts';
import { createFaultyStore, type FaultyStore } from '../../testing/faulty-store.ts';
import { createManualClock, type ManualClock } from '../../testing/manual-clock.ts';
import type { OpenedSession, Session } from './session.ts';
import { createSessions, type OwnSessions, type SessionsOptions } from './sessions.ts';

const keys = createStoreKeys('', 'a key of hashes');
const SECRET = 'a secret of thirty-two characters at least';
const MINUTE = 60_000;

let clock: ManualClock;
let store: FaultyStore;
let told: string[];
let sessions: OwnSessions;

function made(options: Partial<SessionsOptions> = {}): OwnSessions {
  return createSessions({
    store,
    keys,
    secrets: [SECRET],
    namespace: '',
    mode: 'store',
    idleMs: 30 * MINUTE,
    absoluteMs: 12 * 60 * MINUTE,
    jwtOnlyMs: 15 * MINUTE,
    degradedWrites: 'refuse',
    maxBytes: 8_192,
    allowedOrigins: [],
    cookie: { name: 'session', secure: true, sameSite: 'Lax', path: '/' },
    clock,
    observer: {
      sessionsDegraded: (on, kept, error) =>
        told.push(`${on ? 'in' : 'out'} ${kept}${error ? ` ${error.code}` : ''}`),
      sessionChangesLost: (lost) => told.push(`lost ${lost}`),
      ownSessionLookedUp: (result) => told.push(result),
    },
    ...options,
  });
}

beforeEach(() => {
  clock = createManualClock();
  store = createFaultyStore(createMemoryStore({ maxBytes: 1 << 20, clock }));
  told = [];
  sessions = made();
});

/** A browser: keeps the cookie, and sends it with each request. */
function browser(at = () => sessions) {
  let cookie: string | undefined;
  const request = async (
    handle: (session: Session) => unknown = () => {},
    more: object = {},
  ): Promise<Session> => {
    const opened = await open(more);
    await handle(opened.session);
    await send(opened);
    return opened.session;
  };
  const open = async (more: object = {}) =>
    at().open({
      ...{ method: 'GET', cookie, origin: undefined, fetchSite: undefined, host: 'app.example', ...more },
    });
  const send = async (opened: OpenedSession) => {
    const cookies = opened.needsCommit() ? await opened.commit() : [];
    for (const each of cookies) {
      const [pair = ''] = each.split(';');
      cookie = pair.endsWith('=') ? undefined : pair;
    }
    return cookies;
  };
  return {
    request,
    open,
    send,
    get cookie() {
      return cookie;
    },
    set cookie(value) {
      cookie = value;
    },
  };
}

const seen = async (of: ReturnType<typeof browser>, field = 'n') => {
  const session = await of.request();
  return { user: session.user, value: session.get(field) };
};
const code = (error: unknown) => (error as CachegateError).code;
const failed = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
  } catch (error) {
    return code(error);
  }
  return 'nothing';
};

describe('a session', () => {
  it('is nothing in store and answer until it holds something', async () => {
    const ada = browser();
    const session = await ada.request((s) => s.delete('n'));
    expect([session.user, session.createdAt, session.get('n'), ada.cookie]).toEqual([
      ...[null, null, undefined, undefined],
    ]);
    await ada.request((s) => {
      s.set('n', 1);
      s.delete('n');
    });
    expect(ada.cookie).toBeUndefined();
    expect(store.calls).toMatchObject({ get: 0, set: 0 });
  });

  it('keeps what was set, and writes only what changed', async () => {
    const ada = browser();
    await ada.request((session) => session.set('n', { deep: [1, null, 'ü'] }));
    expect(ada.cookie).toMatch(/^__Host-session=/);
    expect((await seen(ada)).value).toEqual({ deep: [1, null, 'ü'] });
    expect(store.calls).toMatchObject({ set: 1, replace: 0 });
    await ada.request((session) => session.delete('n'));
    expect((await seen(ada)).value).toBeUndefined();
    expect(store.calls).toMatchObject({ set: 1, replace: 1 });
  });

  it('loses nothing of two requests at the same time, and of many', async () => {
    const ada = browser();
    await ada.request((session) => session.set('n', 0));
    const requests = Array.from({ length: 200 }, (_, i) =>
      ada.request(async (session) => {
        session.set(`f${i}`, i);
        if (i % 4 === 0) await session.update('n', (before) => (before as number) + 1);
      }),
    );
    await Promise.all(requests);
    const after = await ada.request();
    expect(after.get('n')).toBe(50);
    expect(Array.from({ length: 200 }, (_, i) => after.get(`f${i}`))).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  it('is given what it holds as something that can not be changed', async () => {
    const ada = browser();
    const list = [1];
    await ada.request((session) => {
      session.set('n', list);
      list.push(2);
    });
    const session = await ada.request();
    expect(session.get('n')).toEqual([1]);
    expect(() => (session.get('n') as number[]).push(2)).toThrow(TypeError);
  });

  it.each([
    ['a function', () => {}],
    ['undefined', undefined],
    ['a date', new Date()],
    ['NaN', Number.NaN],
    ['a map', new Map()],
    ['a bigint', 1n],
    ['an array with a hole', new Array(2)],
    ['what is deep in it', { a: [{ b: Symbol('x') }] }],
  ])('refuses %s', async (_, value) => {
    expect(await failed(() => browser().request((session) => session.set('n', value)))).toBe(
      'ERR_SESSION_VALUE',
    );
  });

  it('refuses what goes in circles, fields without a name, and too much', async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const set = (field: string, value: unknown) =>
      failed(() => browser().request((session) => session.set(field, value)));
    expect(await set('n', circle)).toBe('ERR_SESSION_VALUE');
    expect(await set('', 1)).toBe('ERR_SESSION_VALUE');
    expect(await set('n', 'x'.repeat(9_000))).toBe('ERR_SESSION_TOO_LARGE');
  });

  it('one that grows too large does not take the others with it', async () => {
    const ada = browser();
    await ada.request((session) => session.set('n', 0));
    const results = await Promise.all([
      failed(() => ada.request((session) => session.set('a', 1))),
      failed(() => ada.request((session) => session.set('big', 'x'.repeat(9_000)))),
      failed(() => ada.request((session) => session.set('b', 2))),
    ]);
    expect(results).toEqual(['nothing', 'ERR_SESSION_TOO_LARGE', 'nothing']);
    const after = await ada.request();
    expect([after.get('a'), after.get('b'), after.get('big')]).toEqual([1, 2, undefined]);
  });

  it('takes any name for a field', async () => {
    const ada = browser();
    const names = ['__proto__', 'constructor', 'toString', '💥', ' '];
    const empty = await ada.request();
    expect(names.map((name) => empty.get(name))).toEqual(names.map(() => undefined));
    await ada.request((session) => {
      for (const name of names) session.set(name, { name });
    });
    const after = await ada.request();
    expect(names.map((name) => after.get(name))).toEqual(names.map((name) => ({ name })));
  });
});

describe('login and logout', () => {
  it('a login gives a new id, keeps what was there, and the old id is dead', async () => {
    const ada = browser();
    await ada.request((session) => session.set('n', 1));
    const before = ada.cookie;
    await ada.request((session) => session.login('ada', { roles: ['editor', 'editor'] }));
    expect(ada.cookie).not.toBe(before);
    const session = await ada.request();
    expect([session.user, session.roles, session.get('n')]).toEqual(['ada', ['editor'], 1]);
    const thief = browser();
    thief.cookie = before;
    expect(await seen(thief)).toEqual({ user: null, value: undefined });
  });

  it('a login can leave behind what was there', async () => {
    const ada = browser();
    await ada.request((session) => session.set('n', 1));
    await ada.request((session) => session.login('ada', { keepData: false }));
    expect(await seen(ada)).toEqual({ user: 'ada', value: undefined });
  });

  it('a request that was under way at the change of the id loses nothing', async () => {
    const ada = browser();
    await ada.request((session) => session.set('n', 1));
    const slow = await ada.open();
    await ada.request((session) => session.login('ada'));
    slow.session.set('late', true);
    await slow.commit();
    expect(await seen(ada, 'late')).toEqual({ user: 'ada', value: true });
    const slower = await ada.open();
    await ada.request((session) => session.rotate());
    await ada.request((session) => session.rotate());
    expect(await slower.session.update('n', (n) => (n as number) + 1)).toBe(2);
    expect(await seen(ada)).toEqual({ user: 'ada', value: 2 });
  });

  it('a logout ends it everywhere, and for what is under way too', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    const old = ada.cookie;
    const [slow, slower] = [await ada.open(), await ada.open()];
    await ada.request((session) => session.logout());
    expect(ada.cookie).toBeUndefined();
    slow.session.set('late', 1);
    expect(await slow.commit()).toEqual([]);
    slow.seal();
    expect(await failed(() => slow.session.set('late', 2))).toBe('ERR_SESSION_SENT');
    expect(await failed(() => slower.session.update('late', () => 1))).toBe('ERR_SESSION_ENDED');
    ada.cookie = old;
    expect(await seen(ada)).toEqual({ user: null, value: undefined });
  });

  it('a logout reaches the session under its new id', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    const slow = await ada.open();
    await ada.request((session) => session.rotate());
    await slow.session.logout();
    expect(await seen(ada)).toEqual({ user: null, value: undefined });
  });

  it('nobody logs in whom a token can not carry, and nothing is stored', async () => {
    const login = (user: string) => failed(() => browser().request((session) => session.login(user)));
    expect(await login('')).toBe('ERR_SESSION_VALUE');
    expect(await login('x'.repeat(257))).toBe('ERR_SESSION_VALUE');
    expect(store.calls.set).toBe(0);
  });
});

describe('lifetimes', () => {
  it('ends when nothing came for the idle lifetime', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    clock.advance(29 * MINUTE);
    expect((await seen(ada)).user).toBe('ada');
    clock.advance(29 * MINUTE);
    expect((await seen(ada)).user).toBe('ada');
    clock.advance(31 * MINUTE);
    expect((await seen(ada)).user).toBeNull();
  });

  it('ends with its absolute lifetime, however busy', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    for (let i = 0; i < 48; i++) {
      expect((await seen(ada)).user).toBe('ada');
      clock.advance(15 * MINUTE);
    }
    expect((await seen(ada)).user).toBeNull();
  });

  it('is touched once a minute, and not by each request', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    const first = ada.cookie;
    for (let i = 0; i < 10; i++) await ada.request();
    expect(store.calls.replace).toBe(0);
    clock.advance(MINUTE);
    await ada.request();
    await ada.request();
    expect(store.calls.replace).toBe(1);
    expect(ada.cookie).not.toBe(first);
  });
});

describe('lists', () => {
  const login = async (user: string) => {
    const one = browser();
    await one.request((session) => session.login(user, { roles: ['reader'] }));
    return one;
  };

  it('tells the sessions of a user, and ends one or all of them', async () => {
    const [one, two] = [await login('ada'), await login('ada')];
    const bob = await login('bob');
    clock.advance(1_000);
    const { sessions: list, cursor } = await sessions.list('ada');
    expect(cursor).toBeNull();
    expect(list).toHaveLength(2);
    expect(list[0]).toMatchObject({ user: 'ada', roles: ['reader'], createdAt: clock.now() - 1_000 });
    expect(JSON.stringify(list)).not.toContain(one.cookie!.split('.')[1]);

    expect(await sessions.end(list[0]!.reference)).toBe(true);
    expect(await sessions.end(list[0]!.reference)).toBe(false);
    expect((await Promise.all([seen(one), seen(two)])).filter(({ user }) => user === null)).toHaveLength(1);

    expect(await sessions.endAll('ada')).toBe(1);
    expect((await sessions.list('ada')).sessions).toEqual([]);
    expect((await seen(bob)).user).toBe('bob');
    expect(await sessions.end('no reference')).toBe(false);
  });

  it('tells all sessions, in parts', async () => {
    for (let i = 0; i < 30; i++) await login(`user-${i}`);
    const users = new Set<string | null>();
    let cursor: string | null = null;
    do {
      const part: Awaited<ReturnType<typeof sessions.list>> = await sessions.list(null, cursor);
      for (const { user } of part.sessions) users.add(user);
      cursor = part.cursor;
    } while (cursor !== null);
    expect(users.size).toBe(30);
  });

  it('finds a user for as long as the session lasts', async () => {
    const ada = await login('ada');
    for (let i = 0; i < 5; i++) {
      clock.advance(20 * MINUTE);
      await ada.request();
    }
    expect((await sessions.list('ada')).sessions).toHaveLength(1);
  });
});

describe('secrets', () => {
  const NEWER = 'another secret of thirty-two characters';

  it('an old secret goes on to count while it is named, and its sessions are found', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    sessions = made({ secrets: [NEWER, SECRET] });
    await ada.request((session) => session.set('n', 1));
    expect(await seen(ada)).toEqual({ user: 'ada', value: 1 });
    clock.advance(2 * MINUTE);
    await ada.request();
    expect(await seen(ada)).toEqual({ user: 'ada', value: 1 });
    expect((await sessions.list('ada')).sessions).toHaveLength(1);
    sessions = made({ secrets: [NEWER] });
    expect((await seen(ada)).user).toBeNull();
  });
});

describe('without the store', () => {
  const away = () => store.fail(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
  const later = async (ms: number) => {
    clock.advance(ms);
    await new Promise((resolve) => setTimeout(resolve, 700));
  };

  it('the token alone vouches, for a while, and nothing is written', async () => {
    const ada = browser();
    await ada.request(async (session) => {
      await session.login('ada', { roles: ['editor'] });
      session.set('n', 1);
    });
    away();
    const session = await ada.request();
    expect([session.degraded, session.user, session.roles, session.get('n')]).toEqual([
      ...[true, 'ada', ['editor'], undefined],
    ]);
    expect(await failed(() => ada.request((s) => s.set('n', 2)))).toBe('ERR_SESSION_DEGRADED');
    expect(await failed(() => ada.request((s) => s.update('n', () => 2)))).toBe('ERR_SESSION_DEGRADED');
    expect(await failed(() => ada.request((s) => s.login('bob')))).toBe('ERR_SESSION_DEGRADED');
    expect(await failed(() => browser().request((s) => s.set('n', 2)))).toBe('ERR_SESSION_DEGRADED');
    clock.advance(15 * MINUTE);
    const late = await ada.request();
    expect([late.degraded, late.unavailable, late.user]).toEqual([false, true, null]);
    expect(await failed(() => ada.request((s) => s.set('n', 2)))).toBe('ERR_SESSION_DEGRADED');
    store.heal();
    expect(await seen(ada)).toEqual({ user: 'ada', value: 1 });
    await sessions.close();
  });

  it('a logout is kept, honoured, and told when the store is back', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    const old = ada.cookie;
    away();
    await ada.request();
    await ada.request((session) => session.logout());
    expect(sessions.status()).toEqual({ mode: 'store', degraded: true, kept: 1 });
    ada.cookie = old;
    expect((await seen(ada)).user).toBeNull();
    store.heal();
    expect((await seen(ada)).user).toBeNull();
    await later(1_000);
    expect(sessions.status()).toEqual({ mode: 'store', degraded: false, kept: 0 });
    expect((await seen(ada, 'n')).user).toBeNull();
    expect((await sessions.list('ada')).sessions).toEqual([]);
    expect(told.filter((each) => /^(?:in|out)/.test(each))).toEqual(['in 0 ERR_STORE_UNAVAILABLE', 'out 1']);
    await sessions.close();
  });

  it('a session that others have ended is not accepted', async () => {
    const other = made();
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    await other.endAll('ada');
    away();
    expect(await seen(ada)).toEqual({ user: null, value: undefined });
    await Promise.all([sessions.close(), other.close()]);
  });

  it('queues writes and logins where it is told to', async () => {
    sessions = made({ degradedWrites: 'queue' });
    const [ada, bob] = [browser(), browser()];
    await ada.request(async (session) => {
      await session.login('ada');
      session.set('n', 1);
      session.set('m', 1);
    });
    away();
    await ada.request((session) => session.set('n', 2));
    await ada.request((session) => session.set('n', 3));
    await bob.request((session) => session.login('bob'));
    await bob.request((session) => session.set('n', 4));
    expect((await seen(bob)).user).toBe('bob');
    expect(await failed(() => ada.request((session) => session.update('n', () => 9)))).toBe(
      'ERR_SESSION_DEGRADED',
    );
    store.heal();
    expect((await seen(bob)).user).toBe('bob');
    await later(2_000);
    expect(await seen(ada)).toEqual({ user: 'ada', value: 3 });
    expect(await seen(ada, 'm')).toEqual({ user: 'ada', value: 1 });
    expect(await seen(bob)).toEqual({ user: 'bob', value: 4 });
    await sessions.close();
  });

  it('says what is lost when it ends before the store is back', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    away();
    await ada.request((session) => session.logout());
    await sessions.close(50);
    expect(told).toContain('lost 1');
  });

  it('mode jwt asks no store, holds no data, and slides on', async () => {
    sessions = made({ mode: 'jwt' });
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    for (let i = 0; i < 5; i++) {
      clock.advance(20 * MINUTE);
      const session = await ada.request();
      expect([session.user, session.degraded]).toEqual(['ada', true]);
    }
    expect(await failed(() => ada.request((session) => session.set('n', 1)))).toBe('ERR_SESSION_DEGRADED');
    const old = ada.cookie;
    await ada.request((session) => session.logout());
    ada.cookie = old;
    expect((await seen(ada)).user).toBeNull();
    expect(store.calls).toMatchObject({ get: 0, set: 0, replace: 0, drop: 0 });
  });
});

it('stores what is on its way before it ends', async () => {
  const ada = browser();
  await ada.request((session) => session.login('ada'));
  store.delay(50);
  const opened = await ada.open();
  opened.session.set('n', 1);
  let isStored = false;
  const commit = opened.commit().then(() => {
    isStored = true;
  });
  await sessions.close();
  expect(isStored).toBe(true);
  await commit;
});

describe('requests of other sites', () => {
  const foreign = { method: 'POST', fetchSite: 'cross-site', origin: 'https://evil.example' };

  it('have no part in a session, and begin none', async () => {
    const ada = browser();
    await ada.request((session) => session.login('ada'));
    const opened = await ada.open(foreign);
    expect([opened.crossSite, opened.session.user]).toEqual([true, null]);
    expect(opened.needsCommit()).toBe(false);
    const stranger = await browser().open(foreign);
    expect(stranger.crossSite).toBe(false);
    expect(await failed(() => stranger.session.login('eve'))).toBe('ERR_SESSION_CROSS_SITE');
    expect(await failed(() => stranger.session.set('n', 1))).toBe('ERR_SESSION_CROSS_SITE');
  });
});
