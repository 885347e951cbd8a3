import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSessions, type OwnSessions } from '../../src/session/own/sessions.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createKvRestStore } from '../../src/store/kv-rest/kv-rest-store.ts';
import { createLmdbStore } from '../../src/store/lmdb/lmdb-store.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createNearStore } from '../../src/store/near/near-store.ts';
import type { MaybePromise, Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { startKvRestFront } from '../support/kv-rest-front.ts';
import { untilSo } from '../support/server-process.ts';
import { createSessionBrowser } from '../support/session-browser.ts';
import { startValkeyCluster } from '../support/valkey-cluster.ts';
import { someValkey } from '../support/valkey-server.ts';

const clock = { now: () => Date.now() };
const SECRET = 'a secret of thirty-two characters at least';

interface SetUp {
  /** Another process's store. */
  open(): MaybePromise<Store>;
  stop(): Promise<void>;
}

const withCopies = (store: Store) =>
  createNearStore(store, { maxBytes: 1 << 20, maxAgeMs: 50, isNear: () => true });

const setUps: Record<string, () => MaybePromise<SetUp>> = {
  memory() {
    const store = createMemoryStore({ maxBytes: 1 << 24, clock });
    return { open: () => store, stop: async () => {} };
  },
  lmdb() {
    const path = mkdtempSync(join(tmpdir(), 'cachegate-lmdb-'));
    const open = async () => createLmdbStore({ path });
    return { open, stop: async () => rmSync(path, { recursive: true, force: true }) };
  },
  async Valkey() {
    const { url, stop } = await someValkey();
    return { open: () => createValkeyStore({ url }), stop };
  },
  async 'Valkey with copies'() {
    const { url, stop } = await someValkey();
    return { open: () => withCopies(createValkeyStore({ url })), stop };
  },
  async 'a Cluster with copies'() {
    const { url, stop } = await startValkeyCluster();
    return { open: () => withCopies(createValkeyStore({ url })), stop };
  },
  async 'kv-rest'() {
    const server = await someValkey();
    const front = await startKvRestFront(server.url);
    const open = () => createKvRestStore({ url: front.url, token: front.token, nearMaxAgeMs: 50 });
    const stop = async () => {
      await front.close();
      await server.stop();
    };
    return { open, stop };
  },
};

describe.each(Object.entries(setUps))('own sessions on %s', (_, setUp) => {
  let stop: () => Promise<void>;
  const stores: Store[] = [];
  let here: OwnSessions;
  let there: OwnSessions;

  async function opened(open: SetUp['open']): Promise<OwnSessions> {
    const store = await open();
    stores.push(store);
    await store.ping();
    return createSessions({
      store,
      keys: createStoreKeys('', SECRET),
      secrets: [SECRET],
      namespace: '',
      mode: 'store',
      idleMs: 1_800_000,
      absoluteMs: 43_200_000,
      jwtOnlyMs: 900_000,
      degradedWrites: 'refuse',
      maxBytes: 65_536,
      allowedOrigins: [],
      cookie: { name: 'session', secure: true, sameSite: 'Lax', path: '/' },
      clock,
      observer: {},
    });
  }

  beforeAll(async () => {
    const made = await setUp();
    stop = made.stop;
    here = await opened(made.open);
    there = await opened(made.open);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([here.close(), there.close()]);
    await Promise.all([...new Set(stores)].map((store) => store.close()));
    await stop();
  });

  it('two processes see one session, and lose nothing of what both write', async () => {
    const ada = createSessionBrowser();
    await ada.request(here, (session) => session.login('ada'));
    const requests = Array.from({ length: 60 }, (_, i) =>
      ada.request(i % 2 === 0 ? here : there, async (session) => {
        session.set(`f${i}`, i);
        await session.update('n', (before) => ((before as number | undefined) ?? 0) + 1);
      }),
    );
    await Promise.all(requests);
    await untilSo('it is so', async () => {
      const session = await ada.request(there);
      return (
        session.get('n') === 60 &&
        Array.from({ length: 60 }, (_, i) => session.get(`f${i}`)).every((v, i) => v === i)
      );
    });
  });

  it('a login makes the old id dead in the other process', async () => {
    const ada = createSessionBrowser();
    await ada.request(here, (session) => session.set('cart', ['tea']));
    const thief = createSessionBrowser(ada.cookie);
    const slow = await ada.open(there);
    await ada.request(here, (session) => session.login('ada'));
    await untilSo('it is so', async () => (await thief.request(there)).get('cart') === undefined);
    slow.session.set('late', 1);
    await ada.send(slow);
    await untilSo('it is so', async () => (await ada.request(here)).get('late') === 1);
    const session = await ada.request(there);
    expect([session.user, session.get('cart')]).toEqual(['ada', ['tea']]);
  });

  it('a logout, an end by an operator and the end of all of a user work in the other process', async () => {
    const browsers = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const browser = createSessionBrowser();
        await browser.request(here, (session) => session.login('bob'));
        return browser;
      }),
    );
    const cookies = browsers.map(({ cookie }) => cookie);
    const live = async () => {
      const users = await Promise.all(cookies.map((cookie) => createSessionBrowser(cookie).user(there)));
      return users.filter((user) => user === 'bob').length;
    };
    expect(await live()).toBe(4);
    await browsers[0]!.request(here, (session) => session.logout());
    await untilSo('it is so', async () => (await live()) === 3);
    const { sessions: list } = await there.list('bob');
    expect(list).toHaveLength(3);
    expect(await there.end(list[0]!.reference)).toBe(true);
    await untilSo('it is so', async () => (await live()) === 2);
    expect(await here.endAll('bob')).toBe(2);
    await untilSo('it is so', async () => (await live()) === 0);
    expect((await there.list('bob')).sessions).toEqual([]);
  });
});
