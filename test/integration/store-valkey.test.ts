import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { findStale } from '../support/fences.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const MINUTE = 60_000;
const RULES = [{ limit: 10, windowMs: MINUTE }];

async function connected(store: Store): Promise<Store> {
  await store.ping();
  return store;
}

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

  it('answers nothing that was dropped, however fills and drops of several processes meet', async () => {
    const others = [createValkeyStore({ url: server.url }), createValkeyStore({ url: server.url })];
    await Promise.all(others.map(connected));
    const { stale, written, refused, drops } = await findStale([store, ...others], 1_000);
    expect(stale).toEqual([]);
    for (const count of [written, refused, drops]) expect(count).toBeGreaterThan(0);
    await Promise.all(others.map((other) => other.close()));
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

  it('gives everything of groups a time to live, and leaves nothing of a fill behind', async () => {
    const base = `response:{${randomUUID()}}`;
    const tag = `tag:{${randomUUID()}}`;
    const lease = { name: 'l', holder: 'h', ttlMs: 1000 };
    const { fence } = await store.begin(base, lease);
    await store.set(`${base}:v`, Buffer.from('x'), 200_000, { group: base, fence, tags: [tag] });
    await store.set(base, Buffer.from('x'), 5000, { group: base, fence, tags: [tag] });
    const ttls = await Promise.all(
      [base, `${base}:v`, `${base}:fills`, `${base}:keys`, tag].map((key) => watcher.pttl(key)),
    );
    for (const [i, longest] of [5000, 200_000, 120_000, 200_000, 200_001].entries()) {
      expect(ttls[i]).toBeGreaterThan(longest - 4000);
      expect(ttls[i]).toBeLessThanOrEqual(longest);
    }
    await store.end(base, lease);
    expect(await watcher.exists(`${base}:fills`)).toBe(0);
    expect(await store.dropTagged([tag])).toBe(1);
    expect(await watcher.exists(base, `${base}:v`, `${base}:keys`, `${base}:dropped`, tag)).toBe(0);
    for (const key of ['drops', `${tag}:dropped`]) {
      expect(await watcher.pttl(key)).toBeGreaterThan(3_500_000);
      expect(await watcher.pttl(key)).toBeLessThanOrEqual(3_600_000);
    }
  });

  it('forgets what has expired under a tag and in a group, a few at each addition', async () => {
    const base = `response:{${randomUUID()}}`;
    const tag = `tag:{${randomUUID()}}`;
    const bases = Array.from({ length: 12 }, (_, i) => `response:{${randomUUID()}}:${i}`);
    for (const each of bases) await store.set(each, Buffer.from('x'), 40, { group: each, tags: [tag] });
    for (const each of bases) await store.set(base + each, Buffer.from('x'), 40, { group: base });
    await sleep(60);
    expect((await store.members(tag, null)).bases).toEqual([]);
    await store.set(`${base}:v`, Buffer.from('x'), MINUTE, { group: base, tags: [tag] });
    expect(await watcher.zcard(tag)).toBe(1);
    expect(await watcher.zcard(`${base}:keys`)).toBe(1);
  });

  it('numbers drops on when the clock of the server was set back', async () => {
    const tag = `tag:{${randomUUID()}}`;
    const ahead = Date.now() * 1000 + 60_000_000;
    await watcher.set('drops', ahead, 'PX', MINUTE);
    const { fence } = await store.begin(newKey());
    await store.dropTagged([tag]);
    expect(await watcher.get('drops')).toBe(String(ahead + 1));
    const key = newKey();
    const later = await store.begin(key);
    expect(await store.set(key, Buffer.from('x'), MINUTE, { group: key, fence, tags: [tag] })).toBe(false);
    const options = { group: key, fence: later.fence, tags: [tag] };
    expect(await store.set(key, Buffer.from('x'), MINUTE, options)).toBe(true);
    await watcher.del('drops');
  });

  it('lets nobody hold or write what has no place for a fence', async () => {
    const base = `session:}{${randomUUID()}`;
    const begun = await store.begin(base, { name: 'l', holder: 'h', ttlMs: 1000 });
    expect(begun.lease).toEqual({ kind: 'held' });
    expect(await store.set(base, Buffer.from('x'), MINUTE, { group: base, fence: begun.fence })).toBe(false);
    expect(await store.set(base, Buffer.from('x'), MINUTE, { group: base })).toBe(true);
    expect(await store.drop([newKey(), base, newKey()])).toBe(1);
  });

  it('does not wake those who wait by others who find the lease taken', async () => {
    const base = `response:{${randomUUID()}}`;
    await store.begin(base, { name: 'l', holder: 'one', ttlMs: MINUTE });
    const before = await watcher.pttl(`${base}:fills`);
    await sleep(20);
    const { lease } = await store.begin(base, { name: 'l', holder: 'two', ttlMs: MINUTE });
    expect(lease?.kind).toBe('taken');
    expect(await watcher.pttl(`${base}:fills`)).toBeLessThan(before);
  });

  it('keeps nothing of a fill that has ended for longer than its bar', async () => {
    const base = `session:${randomUUID()}`;
    const lease = { name: 'l', holder: 'h', ttlMs: MINUTE };
    await store.begin(base, lease);
    await store.end(base, lease, 5_000);
    expect(await watcher.pttl(`{${base}}:fills`)).toBeLessThanOrEqual(5_000);
    expect((await store.begin(base, { ...lease, holder: 'other' })).lease?.kind).toBe('barred');
  });

  it('keeps few of the leases that nobody gave back', async () => {
    const base = `response:{${randomUUID()}}`;
    for (let i = 0; i < 60; i++) await store.begin(base, { name: `l${i}`, holder: 'h', ttlMs: 1 });
    expect(await watcher.hlen(`${base}:fills`)).toBeLessThan(30);
  });

  it('refuses a client that puts something before each key', async () => {
    const client = new Redis(server.url, { keyPrefix: 'app:' });
    expect(() => createValkeyStore({ client })).toThrow(/set `namespace`/);
    await client.quit();
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
    await store.set('response:{r}', Buffer.alloc(20), MINUTE, { group: 'response:{r}', tags: ['tag:{t}'] });
    await store.begin('response:{r}');
    await admin.config('SET', 'maxmemory', '1');
    const outOfMemory = { code: 'ERR_STORE_UNWRITABLE', message: 'Store refused: out of memory (OOM)' };
    await expect(store.set('b', Buffer.from('x'), MINUTE)).rejects.toMatchObject(outOfMemory);
    const [read, taken] = await Promise.allSettled([store.get(['a']), store.take('r', RULES)]);
    expect(read).toMatchObject({ value: [{ bytes: Buffer.from('x') }] });
    expect(taken).toMatchObject({ reason: outOfMemory });
    await expect(store.begin('a')).rejects.toMatchObject(outOfMemory);
    // What makes room goes on.
    expect(await store.dropTagged(['tag:{t}'], { markedAt: 1 })).toBe(1);
    expect(await store.dropTagged(['tag:{t}'])).toBe(1);
    expect(await store.get(['response:{r}'])).toEqual([null]);
    expect(await store.drop(['a'])).toBe(1);
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
