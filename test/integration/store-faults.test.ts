import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createResilientStore,
  type ResilientStore,
  type StateChange,
} from '../../src/store/resilience/resilient-store.ts';
import type { ConnectionChange } from '../../src/store/valkey/connection.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const DEADLINE_MS = 250;
const RULES = [{ limit: 1_000_000, windowMs: 60_000 }];

describe('resilient Valkey store', () => {
  let server: ValkeyServer;
  let store: ResilientStore;
  let changes: StateChange[];
  let connections: ConnectionChange[];
  let unhandled: unknown[];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);

  beforeEach(async () => {
    [changes, connections, unhandled] = [[], [], []];
    process.on('unhandledRejection', onUnhandled);
    server = await startValkeyServer();
    const valkey = createValkeyStore({
      url: server.url,
      onConnectionChange: (change) => connections.push(change),
    });
    store = createResilientStore(valkey, {
      deadlineMs: DEADLINE_MS,
      onStateChange: (change) => changes.push(change),
    });
    await valkey.ping();
  });
  afterEach(async () => {
    await store.close();
    await server.stop();
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  /** One request's calls, together as the gate makes them; the code of each. */
  async function request(): Promise<string[]> {
    const calls = [
      store.take('test:r', RULES),
      store.get(['test:a']),
      store.set('test:a', Buffer.from('x'), 60_000),
    ];
    const settled = await Promise.allSettled(calls);
    return settled.map((one) => (one.status === 'fulfilled' ? 'answered' : one.reason.code));
  }

  async function until(state: 'available' | 'away'): Promise<void> {
    while (store.state !== state) {
      await request();
      await sleep(10);
    }
  }

  const ANSWERED = ['answered', 'answered', 'answered'];

  it('fails at once while the server is gone, and comes back with it', async () => {
    expect(await request()).toEqual(ANSWERED);
    const underWay = Array.from({ length: 50 }, request);
    await server.kill();
    const codes = new Set((await Promise.all(underWay)).flat());
    for (const code of codes)
      expect(['answered', 'ERR_STORE_UNAVAILABLE', 'ERR_STORE_CIRCUIT_OPEN']).toContain(code);
    await until('away');
    expect(await request()).toEqual(Array(3).fill('ERR_STORE_CIRCUIT_OPEN'));
    await server.restart();
    await until('available');
    expect(await request()).toEqual(ANSWERED);
    expect(changes.map(({ state }) => state)).toEqual(['away', 'available']);
    expect(connections.map(({ connected }) => connected)).toEqual([true, false, true]);
    expect(connections[1]?.error).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'Connection closed',
    });
  });

  it('costs a request one deadline while the server is frozen, then none, and comes back with it', async () => {
    await request();
    server.freeze();
    const underWay = await Promise.all(Array.from({ length: 50 }, request));
    expect(new Set(underWay.flat())).toEqual(new Set(['ERR_STORE_TIMEOUT']));
    expect(store.state).toBe('away');
    expect(changes[0]?.error).toMatchObject({ code: 'ERR_STORE_TIMEOUT', message: 'Connection timeout' });
    for (let i = 0; i < 1000; i++) expect(await request()).toEqual(Array(3).fill('ERR_STORE_CIRCUIT_OPEN'));
    server.thaw();
    await until('available');
    expect(await request()).toEqual(ANSWERED);
    expect(changes.map(({ state }) => state)).toEqual(['away', 'available']);
  });

  it('survives the server dying again and again', async () => {
    for (let i = 0; i < 3; i++) {
      await server.kill();
      await until('away');
      await server.restart();
      await until('available');
    }
    expect(await request()).toEqual(ANSWERED);
    expect(changes.map(({ state }) => state)).toEqual(Array(3).fill(['away', 'available']).flat());
  });

  it('closes while the server is gone or frozen', async () => {
    server.freeze();
    const underWay = request();
    await store.close();
    for (const code of await underWay) expect(code).toMatch(/^ERR_STORE_(TIMEOUT|UNAVAILABLE)$/);
    expect(await request()).toEqual(Array(3).fill('ERR_STORE_CLOSED'));
  });
});

describe('Valkey store without a server', () => {
  it('says that the connection is refused, and connects when there is a server', async () => {
    const server = await startValkeyServer();
    await server.kill();
    const changes: ConnectionChange[] = [];
    const store = createValkeyStore({
      url: server.url,
      onConnectionChange: (change) => changes.push(change),
    });
    const refused = { code: 'ERR_STORE_UNAVAILABLE', message: 'Connection refused' };
    await expect(store.ping()).rejects.toMatchObject(refused);
    await expect(store.get(['a'])).rejects.toMatchObject(refused);
    await expect(store.set('a', Buffer.from('x'), 1000)).rejects.toMatchObject(refused);
    await server.restart();
    while (changes.at(-1)?.connected !== true) await sleep(10);
    expect(await store.get(['a'])).toEqual([null]);
    expect(changes.map(({ connected }) => connected)).toEqual([false, true]);
    await store.close();
    await server.stop();
  });

  it('closes while it tries to connect', async () => {
    const server = await startValkeyServer();
    await server.kill();
    const store = createValkeyStore({ url: server.url });
    await store.close();
    await expect(store.ping()).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' });
    await server.stop();
  });
});
