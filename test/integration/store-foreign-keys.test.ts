import { randomUUID } from 'node:crypto';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const MINUTE = 60_000;
const VALUE = Buffer.from('0123456789');

describe("another application's keys in the place of the store's", () => {
  let server: ValkeyServer;
  let store: Store;
  let other: Redis;
  beforeAll(async () => {
    server = await startValkeyServer();
    other = new Redis(server.url);
    store = createValkeyStore({ url: server.url });
    await store.ping();
  });
  afterAll(async () => {
    await store.close();
    other.disconnect();
    await server.stop();
  });

  const newBase = () => `response:{a:${randomUUID()}}`;
  const newTag = () => `tag:{${randomUUID()}}`;
  const held = async (...keys: string[]) => (await store.get(keys)).map((value) => value !== null);

  it('keep what could not be found again from being written', async () => {
    const [base, tag] = [newBase(), newTag()];
    await other.set(tag, 'text');
    const { fence } = await store.begin(base);
    for (const options of [{ tags: [tag] }, { fence, tags: [tag] }]) {
      await expect(store.set(base, VALUE, MINUTE, { group: base, ...options })).rejects.toMatchObject({
        code: 'ERR_STORE_REFUSED',
      });
    }
    await other.set(`${base}:keys`, 'text');
    await expect(store.set(`${base}:v`, VALUE, MINUTE, { group: base })).rejects.toThrow('WRONGTYPE');
    expect(await held(base, `${base}:v`)).toEqual([false, false]);
  });

  it.each([undefined, 1_000])('keep no other group from being dropped (marked: %s)', async (markedAt) => {
    const options = markedAt === undefined ? {} : { markedAt };
    const [bad, good] = [newBase(), newBase()];
    for (const base of [bad, good]) await store.set(base, VALUE, MINUTE, { group: base });
    await store.set(`${good}:v`, VALUE, MINUTE, { group: good });
    await other.set(`${bad}:keys`, 'text');
    await other.set(`${bad}:fills`, 'text');
    const bytesOf = async (key: string) => (await store.get([key]))[0]?.bytes ?? null;
    await expect(store.drop([bad, good], options)).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' });
    for (const key of [bad, good, `${good}:v`]) expect(await bytesOf(key)).not.toEqual(VALUE);
    // What was in the way is gone: the next drop is a whole one.
    await store.drop([bad, good], options);
    await store.set(`${bad}:v`, VALUE, MINUTE, { group: bad });
    expect(await store.drop([bad])).toBe(1);
  });

  it('are overwritten where a drop is noted, and are no number', async () => {
    const [base, tag] = [newBase(), newTag()];
    await store.set(base, VALUE, MINUTE, { group: base, tags: [tag] });
    await other.rpush(`${tag}:dropped`, 'x');
    expect(await store.dropTagged([tag])).toBe(1);
    await other.set('drops', 'text');
    const { fence, lease } = await store.begin(base, { name: 'all', holder: 'a', ttlMs: 1_000 });
    expect(lease?.kind).toBe('held');
    expect(fence).toMatch(/\.0$/);
    await other.set(`${tag}:dropped`, 'text');
    expect(await store.set(base, VALUE, MINUTE, { group: base, fence, tags: [tag] })).toBe(true);
    expect(await store.dropTagged([tag])).toBe(1);
  });

  it('are no reason to ask the store for nothing more', async () => {
    const resilient = createResilientStore(createValkeyStore({ url: server.url }));
    await resilient.ping();
    // What one session id names is what lies beside another.
    await resilient.begin('session:{x}');
    const reads = Array.from({ length: 20 }, async (_, i) => resilient.get(['session:{x}:fills', `a${i}`]));
    const results = await Promise.allSettled(reads);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(resilient.state).toBe('available');
    expect(await resilient.get(['a'])).toEqual([null]);
    await resilient.close();
  });

  it('are no state of a limit, and fail no neighbour', async () => {
    const [limit, good] = [`ratelimit:${randomUUID()}`, newBase()];
    const head = Buffer.alloc(21);
    head[0] = 1;
    head.writeUIntBE(10, 1, 6);
    head.writeUIntBE(MINUTE, 7, 6);
    await other.set(limit, head);
    await store.set(good, VALUE, MINUTE);
    const [taken, found] = await Promise.all([
      store.take(limit, [{ limit: 10, windowMs: MINUTE }]),
      store.get([good]),
    ]);
    expect(taken).toMatchObject({ allowed: true, rules: [{ remaining: 9 }] });
    expect(found[0]?.bytes).toEqual(VALUE);
  });
});

describe('a user that may not track', () => {
  it('is told of without what the client sent', async () => {
    const server = await startValkeyServer({
      users: ['app on >s3cret ~* &* +@all -client|tracking', 'default off'],
    });
    const changes: { tracking: boolean; error?: Error }[] = [];
    const store = createValkeyStore({
      url: server.url.replace('//', '//app:s3cret@'),
      onTrackingChange: (change) => changes.push(change),
    });
    await expect.poll(() => changes).toMatchObject([{ tracking: false }]);
    expect(changes[0]!.error).not.toHaveProperty('command');
    expect(changes[0]!.error!.message).toContain('NOPERM');
    await store.close();
    await server.stop();
  });
});
