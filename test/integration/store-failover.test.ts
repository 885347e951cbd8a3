import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { afterEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import type { ConnectionChange } from '../../src/store/valkey/connection.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { type SentinelSetup, startSentinel } from '../support/sentinel.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

const MINUTE = 60_000;
const VALUE = Buffer.from('x');

describe('Valkey store whose server becomes a replica', () => {
  const atEnd: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of atEnd.splice(0).reverse()) await end();
  });

  async function server() {
    const started = await startValkeyServer();
    atEnd.push(() => started.stop());
    return started;
  }

  it('says so, reads on, connects anew to see who answers there now, and writes again', async () => {
    const [primary, other] = [await server(), await server()];
    const changes: ConnectionChange[] = [];
    const store = createValkeyStore({
      url: primary.url,
      onConnectionChange: (change) => changes.push(change),
    });
    atEnd.push(() => store.close());
    const admin = new Redis(primary.url);
    atEnd.push(() => admin.quit());
    await store.ping();
    await store.set('a', VALUE, MINUTE);
    await admin.replicaof('127.0.0.1', other.port);
    const refusal = {
      code: 'ERR_STORE_UNWRITABLE',
      message: 'Store refused: read-only replica (READONLY)',
    };
    await expect(store.set('a', VALUE, MINUTE)).rejects.toMatchObject(refusal);
    while (changes.length < 3) await sleep(10);
    expect(changes.map(({ connected }) => connected)).toEqual([true, false, true]);
    // What is refused within a batch is seen too. (It may have connected anew once more by then.)
    const taken = store.take('r', [{ limit: 1, windowMs: 1000 }]);
    expect(['ERR_STORE_UNWRITABLE', 'ERR_STORE_UNAVAILABLE']).toContain(await codeOf(taken));
    while ((await codeOf(store.get(['a']))) !== null) await sleep(10);
    await admin.replicaof('NO', 'ONE');
    while ((await codeOf(store.set('a', VALUE, MINUTE))) !== null) await sleep(10);
  });
});

describe('Valkey store by Sentinels', () => {
  let sentinel: SentinelSetup;
  let store: Store;
  afterEach(async () => {
    await store.close();
    await sentinel.stop();
  });

  async function written(): Promise<boolean> {
    const code = await codeOf(store.set('session:a', VALUE, MINUTE));
    if (code !== null) expect(code).toMatch(/^ERR_STORE_(UNAVAILABLE|UNWRITABLE|REFUSED)$/);
    return code === null;
  }

  it('follows the master when another takes its place, and when it dies', async () => {
    sentinel = await startSentinel();
    store = createValkeyStore({ url: sentinel.url });
    await store.ping();
    expect(await written()).toBe(true);
    await sentinel.failover();
    while (!(await written())) await sleep(20);
    const reader = new Redis((await sentinel.master()).port, '127.0.0.1');
    expect(await reader.get('session:a')).toBe('x');
    await reader.quit();
    await (await sentinel.master()).kill();
    await sentinel.well({ replicated: false });
    while (!(await written())) await sleep(20);
  }, 60_000);

  it('says that no Sentinel answers, and finds the master when one does', async () => {
    sentinel = await startSentinel();
    for (const one of sentinel.sentinels) one.freeze();
    const changes: ConnectionChange[] = [];
    store = createValkeyStore({
      url: sentinel.url,
      connectTimeoutMs: 100,
      onConnectionChange: (change) => changes.push(change),
    });
    const away = { code: 'ERR_STORE_UNAVAILABLE', message: 'No Sentinel knows where to connect' };
    await expect(store.ping()).rejects.toMatchObject(away);
    await expect(store.get(['a'])).rejects.toMatchObject(away);
    for (const one of sentinel.sentinels) one.thaw();
    while (changes.at(-1)?.connected !== true) await sleep(20);
    expect(await store.get(['a'])).toEqual([null]);
    expect(changes.map(({ connected }) => connected)).toEqual([false, true]);
  }, 60_000);
});

async function codeOf(call: unknown): Promise<string | null> {
  try {
    await call;
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}
