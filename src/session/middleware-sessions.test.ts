import { describe, expect, it } from 'vitest';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { Store } from '../store/store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import type { MiddlewareSession } from './middleware-session.ts';
import { createMiddlewareSessions } from './middleware-sessions.ts';

type Kept = MiddlewareSession & Record<string, unknown>;

const kept = (session: Kept): Kept => session;

const MINUTE = 60_000;
const DAY = 86_400_000;
const keys = createStoreKeys('', 'secret');

function setUp({ kind = 'express', ttlSeconds }: { kind?: string; ttlSeconds?: number } = {}) {
  const clock = createManualClock();
  const store = createMemoryStore({ maxBytes: 1_000_000, clock });
  const open = (over: Store = store) =>
    createMiddlewareSessions(
      { store: over, keys, clock },
      { kind, ...(ttlSeconds !== undefined && { ttlSeconds }) },
    );
  const keyOf = (id: string) => keys.ownSession(keys.hash(`${kind}:${id}`));
  const leftMs = async (id: string) => (await store.get([keyOf(id)]))[0]?.expiresInMs;
  const until = (ms: number) => ({ expires: new Date(clock.now() + ms), originalMaxAge: ms });
  return { clock, store, open, sessions: open(), keyOf, leftMs, until };
}

describe("a middleware's sessions", () => {
  it.each([
    ['a date', (at: number) => ({ expires: new Date(at) }), MINUTE],
    ['its JSON', (at: number) => ({ expires: new Date(at).toJSON() }), MINUTE],
    ['an age', () => ({ expires: null, originalMaxAge: 5_000 }), 5_000],
    ['the browser', () => ({ expires: null, originalMaxAge: null }), DAY],
    ['the browser, as false', () => ({ expires: false }), DAY],
    ['no date', () => ({ expires: 'soon' }), DAY],
    ['the end of time', () => ({ expires: new Date(8.64e15) }), 3_650 * DAY],
  ])('live as long as their cookie: %s', async (_, cookie, ttlMs) => {
    const { sessions, leftMs, clock } = setUp();
    await sessions.set('a', { cookie: cookie(clock.now() + MINUTE) });
    expect(await leftMs('a')).toBe(ttlMs);
  });

  it('live as long as asked for when their cookie ends with the browser', async () => {
    const { sessions, leftMs } = setUp({ ttlSeconds: 90 });
    await sessions.set('a', { cookie: {} });
    expect(await leftMs('a')).toBe(90_000);
  });

  it('are gone when they are kept with a cookie that has expired', async () => {
    const { sessions, leftMs, until } = setUp();
    await sessions.set('a', { cookie: until(MINUTE) });
    await sessions.set('a', { cookie: until(-1) });
    expect(await leftMs('a')).toBeUndefined();
    expect(await sessions.get('a')).toBeNull();
  });

  it('are over with their cookie, whenever the store forgets them', async () => {
    const { sessions, store, keyOf, until } = setUp();
    await sessions.set('a', { cookie: until(MINUTE) });
    const over = Buffer.from(`\x01${JSON.stringify({ cookie: until(-1) })}`);
    await store.replace(keyOf('a'), (await store.get([keyOf('a')]))[0]!.bytes, over, MINUTE);
    expect(await sessions.get('a')).toBeNull();
    expect(await sessions.all()).toEqual([]);
    expect(await sessions.length()).toBe(0);
  });

  it.each([
    ['another format', Buffer.from('\x02{"cookie":{}}')],
    ['no JSON', Buffer.from('\x01{"cookie":')],
    ['no object', Buffer.from('\x01null')],
    ['no cookie', Buffer.from('\x01{"user":"a"}')],
    ['nothing', Buffer.alloc(0)],
  ])('are not there when there is %s', async (_, bytes) => {
    const { sessions, store, keyOf, until } = setUp();
    const tags = [keys.sessionTag('express', keyOf('a'))];
    await store.set(keyOf('a'), bytes, MINUTE, { group: keyOf('a'), tags });
    await sessions.touch('a', { cookie: until(MINUTE) });
    expect((await store.get([keyOf('a')]))[0]!.bytes).toEqual(bytes);
    expect(await sessions.get('a')).toBeNull();
    expect(await sessions.length()).toBe(0);
    await sessions.clear();
    expect(await store.get([keyOf('a')])).toEqual([null]);
  });

  it('hold no id, and nothing that leads to one', async () => {
    const { sessions, store } = setUp();
    await sessions.set('the-secret-id', kept({ cookie: {}, user: 'a' }));
    const found = await Promise.all(keys.sessionTags('express').map((tag) => store.members(tag, null)));
    const [key] = found.flatMap(({ bases }) => bases);
    expect(key).toMatch(/^ownsession:\{[\w-]{22}\}$/);
    expect((await store.get([key!]))[0]!.bytes.toString()).toBe('\x01{"cookie":{},"user":"a"}');
  });

  it('are kept apart by their kind', async () => {
    const { sessions, store, clock } = setUp();
    const other = createMiddlewareSessions({ store, keys, clock }, { kind: 'admin' });
    await sessions.set('a', { cookie: {} });
    expect(await other.get('a')).toBeNull();
    await other.set('a', kept({ cookie: {}, of: 'admin' }));
    await sessions.clear();
    expect(await other.all()).toEqual([{ cookie: {}, of: 'admin' }]);
  });

  it('are all listed, counted and cleared, however many there are', async () => {
    const { sessions } = setUp();
    await Promise.all(
      Array.from({ length: 800 }, (_, n) => sessions.set(`id-${n}`, kept({ cookie: {}, n }))),
    );
    expect(await sessions.length()).toBe(800);
    expect(new Set(((await sessions.all()) as Kept[]).map(({ n }) => n)).size).toBe(800);
    await sessions.clear();
    expect(await sessions.length()).toBe(0);
  });

  it('are found in the list for as long as a touch lets them live', async () => {
    const { sessions, clock, until } = setUp();
    await sessions.set('a', kept({ cookie: until(MINUTE), n: 1 }));
    await sessions.touch('a', { cookie: until(10 * MINUTE) });
    clock.advance(2 * MINUTE);
    expect(await sessions.all()).toMatchObject([{ n: 1 }]);
  });

  it('keep what is written while they are touched', async () => {
    const { sessions, open, store, until, leftMs } = setUp();
    await sessions.set('a', kept({ cookie: until(MINUTE), n: 1 }));
    let writes = 0;
    const touching = open({
      ...store,
      async replace(...args) {
        if (writes++ === 0) await sessions.set('a', kept({ cookie: until(MINUTE), n: 2 }));
        return store.replace(...args);
      },
    });
    await touching.touch('a', kept({ cookie: until(2 * MINUTE), n: 1 }));
    expect(await sessions.get('a')).toMatchObject({ n: 2 });
    expect(await leftMs('a')).toBe(2 * MINUTE);
  });

  it('stay ended when that happens while they are touched', async () => {
    const { sessions, open, store, until } = setUp();
    await sessions.set('a', { cookie: until(MINUTE) });
    const touching = open({
      ...store,
      async replace(...args) {
        await sessions.destroy('a');
        return store.replace(...args);
      },
    });
    await touching.touch('a', { cookie: until(MINUTE) });
    expect(await sessions.get('a')).toBeNull();
  });

  it('reject what has no JSON', async () => {
    const { sessions } = setUp();
    await expect(sessions.set('a', kept({ cookie: {}, n: 1n }))).rejects.toBeInstanceOf(TypeError);
    expect(await sessions.get('a')).toBeNull();
  });

  it.each([
    [{ kind: 'own' }],
    [{ kind: 'A:b' }],
    [{ kind: '' }],
    [{ ttlSeconds: 0 }],
    [{ ttlSeconds: Number.NaN }],
  ])('are not made of %j', (options) => {
    expect(() => setUp(options)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });
});
