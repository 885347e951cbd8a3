import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { someValkey, startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const MINUTE = 60_000;
const RULES = [{ limit: 10, windowMs: MINUTE }];

async function connected(store: Store): Promise<Store> {
  await store.ping();
  return store;
}

describe('Valkey store: the contract', () => {
  let server: Pick<ValkeyServer, 'url' | 'stop'>;
  beforeAll(async () => {
    server = await someValkey();
  });
  afterAll(() => server.stop());

  // A little more than asked for: timers may be early by the milliseconds' rounding.
  const advance = (ms: number) => sleep(ms + 5);

  for (const { name, run } of storeContract) {
    it.concurrent(name, () =>
      run({ create: () => connected(createValkeyStore({ url: server.url })), advance }),
    );
  }

  for (const { name, run } of storeContract) {
    it.concurrent(`with the application's own client: ${name}`, async () => {
      const client = new Redis(server.url);
      await run({ create: () => connected(createValkeyStore({ client })), advance });
      expect(client.status).toBe('ready');
      await client.quit();
    });
  }
});

describe('Valkey store', () => {
  let server: ValkeyServer;
  let store: Store;
  let watcher: Redis;
  beforeAll(async () => {
    server = await startValkeyServer();
    watcher = new Redis(server.url);
    store = await connected(createValkeyStore({ url: server.url }));
  });
  afterAll(async () => {
    await store.close();
    await watcher.quit();
    await server.stop();
  });

  const newKey = () => `test:${randomUUID()}`;

  /** How often clients (not scripts) sent each command since the last reset. */
  async function scriptCalls(): Promise<{ evalsha: number; get: number }> {
    const stats = await watcher.info('commandstats');
    const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    return { evalsha: calls('evalsha'), get: calls('get') };
  }

  it('sends the reads and takes of one turn as one command', async () => {
    await store.get([newKey()]);
    await watcher.config('RESETSTAT');
    const reads = Array.from({ length: 30 }, async () => store.get([newKey(), newKey()]));
    const takes = Array.from({ length: 20 }, async () => store.take(newKey(), RULES));
    await Promise.all([...reads, ...takes]);
    expect(await scriptCalls()).toEqual({ evalsha: 1, get: 80 });
  });

  it('asks for equal keys of one turn once', async () => {
    const [value, limit] = [newKey(), newKey()];
    await store.set(value, Buffer.from('x'), MINUTE);
    await watcher.config('RESETSTAT');
    const reads = await Promise.all(Array.from({ length: 30 }, async () => store.get([value])));
    expect(reads.map(([found]) => found?.bytes.toString())).toEqual(Array(30).fill('x'));
    const takes = await Promise.all(Array.from({ length: 12 }, async () => store.take(limit, RULES)));
    expect(takes.map(({ rules }) => rules[0]?.remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]);
    expect(takes.filter(({ allowed }) => allowed)).toHaveLength(10);
    expect(await scriptCalls()).toEqual({ evalsha: 2, get: 2 });
  });

  it('sends no more than 500 at once', async () => {
    await watcher.config('RESETSTAT');
    await Promise.all(Array.from({ length: 1100 }, async () => store.get([newKey()])));
    expect((await scriptCalls()).evalsha).toBe(3);
  });

  it('loads its script again when the server has lost it', async () => {
    const key = newKey();
    await store.take(key, RULES);
    await watcher.script('FLUSH');
    const [taken] = await Promise.all([store.take(key, RULES), store.get([newKey()])]);
    expect(taken.rules[0]?.remaining).toBe(8);
  });

  it('counts exactly over several processes', async () => {
    const key = newKey();
    const others = [createValkeyStore({ url: server.url }), createValkeyStore({ url: server.url })];
    await Promise.all(others.map(connected));
    const takes = [store, ...others].flatMap((one) =>
      Array.from({ length: 8 }, async () => one.take(key, RULES)),
    );
    expect((await Promise.all(takes)).filter(({ allowed }) => allowed)).toHaveLength(10);
    await Promise.all(others.map((one) => one.close()));
  });

  it('gives everything that it writes a time to live', async () => {
    const [value, limit] = [newKey(), newKey()];
    await store.set(value, Buffer.from('x'), 5000);
    const taken = await store.take(limit, [...RULES, { limit: 100, windowMs: 320_000 }]);
    const longest = Math.max(...taken.rules.map(({ resetAfterMs }) => resetAfterMs));
    expect(await watcher.pttl(value)).toBeGreaterThan(0);
    const limitTtl = await watcher.pttl(limit);
    expect(limitTtl).toBeGreaterThan(0);
    expect(limitTtl).toBeLessThanOrEqual(longest);
  });

  it('keeps the error of one key to that key', async () => {
    const [list, good] = [newKey(), newKey()];
    await watcher.rpush(list, 'x');
    await store.set(good, Buffer.from('x'), MINUTE);
    const answers = await Promise.allSettled([
      store.get([good]),
      store.get([list]),
      store.take(list, RULES),
      store.take(good.replace('test', 'limit'), RULES),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect((answers[1] as PromiseRejectedResult).reason).toMatchObject({
      code: 'ERR_STORE_REFUSED',
      message: 'Store refused: key holds another type (WRONGTYPE)',
    });
    await watcher.del(list);
  });

  it('holds a key without an expiry to last for ever, and a foreign value for no state of a limit', async () => {
    const key = newKey();
    await watcher.set(key, 'true');
    const [value] = await store.get([key]);
    expect(value).toEqual({ bytes: Buffer.from('true'), expiresInMs: Number.MAX_SAFE_INTEGER });
    expect(await store.take(key, RULES)).toMatchObject({ allowed: true });
  });

  it('keeps a value of the largest size', async () => {
    const key = newKey();
    const bytes = Buffer.alloc(64 * 1024 * 1024, 'cachegate');
    await store.set(key, bytes, MINUTE);
    const [value] = await store.get([key]);
    expect(value?.bytes.equals(bytes)).toBe(true);
    await store.delete([key]);
  });

  it('refuses more operations than it lets wait', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 20_050 }, async () => store.get(['test:the-same'])),
    );
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(50);
    expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'ERR_STORE_OVERLOADED' });
    expect(await store.get(['test:the-same'])).toEqual([null]);
  });

  it('reads the database that the URL names, and no other', async () => {
    const key = newKey();
    const second = await connected(createValkeyStore({ url: `${server.url}/2` }));
    await second.set(key, Buffer.from('x'), MINUTE);
    expect(await store.get([key])).toEqual([null]);
    expect((await second.get([key]))[0]?.bytes.toString()).toBe('x');
    await second.close();
  });

  it('does not fall back to another database when the one that was asked for is refused', async () => {
    const store99 = createValkeyStore({ url: `${server.url}/99` });
    await expect(store99.ping()).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' });
    await expect(store99.get(['a'])).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' });
    await store99.close();
  });

  it('waits on a client that was told to connect lazily', async () => {
    const client = new Redis(server.url, { lazyConnect: true });
    const lazy = createValkeyStore({ client });
    await lazy.ping();
    await lazy.close();
    await client.quit();
  });
});

describe('Valkey store: refusals', () => {
  const SECRET = 'p4ss-w0rd-of-the-test';

  it('says that the password is wrong, and shows it nowhere', async () => {
    const server = await startValkeyServer({ args: ['--requirepass', 'another'] });
    const changes: unknown[] = [];
    const url = server.url.replace('//', `//:${SECRET}@`);
    const store = createValkeyStore({ url, onConnectionChange: (change) => changes.push(change) });
    const error = await store.ping().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'ERR_STORE_REFUSED',
      message: 'Store refused: wrong user name or password (WRONGPASS)',
    });
    expect(JSON.stringify([error, changes]) + inspectDeep([error, changes])).not.toContain(SECRET);
    expect(changes).toHaveLength(1);
    await store.close();
    await server.stop();
  });

  it('reads on while the server is out of memory, and says why it does not write', async () => {
    const server = await startValkeyServer({ args: ['--maxmemory-policy', 'noeviction'] });
    const admin = new Redis(server.url);
    const store = await connected(createValkeyStore({ url: server.url }));
    await store.set('a', Buffer.from('x'), MINUTE);
    await admin.config('SET', 'maxmemory', '1');
    const outOfMemory = { code: 'ERR_STORE_REFUSED', message: 'Store refused: out of memory (OOM)' };
    await expect(store.set('b', Buffer.from('x'), MINUTE)).rejects.toMatchObject(outOfMemory);
    const [read, taken] = await Promise.allSettled([store.get(['a']), store.take('r', RULES)]);
    expect(read).toMatchObject({ value: [{ bytes: Buffer.from('x') }] });
    expect(taken).toMatchObject({ reason: outOfMemory });
    await store.close();
    await admin.quit();
    await server.stop();
  });

  it('names what is wrong with a URL', () => {
    expect(() => createValkeyStore({ url: 'http://127.0.0.1' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining('valkeys') }),
    );
    expect(() => createValkeyStore({ url: 'memory:' })).toThrow(/names no Valkey server/);
  });
});

function inspectDeep(value: unknown): string {
  return inspect(value, { depth: 10, showHidden: true });
}
