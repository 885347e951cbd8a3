import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { Redis } from 'iovalkey';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKvRestStore, type KvRestOptions } from '../../src/store/kv-rest/kv-rest-store.ts';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import type { Store } from '../../src/store/store.ts';
import { type KvRestFront, startKvRestFront } from '../support/kv-rest-front.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const MINUTE = 60_000;
const RULES = [{ limit: 10, windowMs: MINUTE }];

describe('kv-rest store: faults', () => {
  let server: ValkeyServer;
  let front: KvRestFront;
  let watcher: Redis;
  let stores: Store[];
  let unhandled: unknown[];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  beforeAll(async () => {
    server = await startValkeyServer();
    front = await startKvRestFront(server.url);
    watcher = new Redis(server.url);
    process.on('unhandledRejection', onUnhandled);
  });
  afterAll(async () => {
    await front.close();
    await watcher.quit();
    await server.stop();
    process.off('unhandledRejection', onUnhandled);
  });
  beforeEach(() => {
    [stores, unhandled] = [[], []];
    front.reset();
  });
  afterEach(async () => {
    front.reset();
    await Promise.all(stores.map((store) => store.close()));
    expect(unhandled).toEqual([]);
  });

  const newKey = () => `test:${randomUUID()}`;

  function open(options: Partial<KvRestOptions> = {}): Store {
    const store = createKvRestStore({ url: front.url, token: front.token, ...options });
    stores.push(store);
    return store;
  }

  /** One of each kind of call, all in one turn; the code of each. */
  async function codesOf(store: Store): Promise<string[]> {
    const base = `response:{${randomUUID()}}`;
    const calls = [
      store.get([newKey(), base]),
      store.take(newKey(), RULES),
      store.set(newKey(), Buffer.from('x'), MINUTE),
      store.begin(base),
      store.drop([base]),
      store.dropTagged([`tag:{${base}}`]),
      store.delete([newKey()]),
      store.ping(),
    ];
    const settled = await Promise.allSettled(calls);
    return [...new Set(settled.map((one) => (one.status === 'fulfilled' ? 'answered' : one.reason.code)))];
  }

  it.each([
    ['a status of 500', { status: 500 }],
    ['a page of something that stands before it', { status: 503, body: '<html>503</html>' }],
    ['a page with a status of 200', { body: '<html>Welcome</html>' }],
    ['JSON that is no answer', { body: '{"result":"OK"}' }],
    ['fewer answers than commands', { body: '[]' }],
    ['a cut before the commands are carried out', { cut: 'before' }],
    ['a cut after that', { cut: 'after' }],
  ] as const)('is away with %s, and back after it', async (_, fault) => {
    const store = open();
    Object.assign(front.faults, fault);
    expect(await codesOf(store)).toEqual(['ERR_STORE_UNAVAILABLE']);
    front.reset();
    expect(await codesOf(store)).toEqual(['answered']);
  });

  it('is away when nothing listens', async () => {
    const gone = await startKvRestFront(server.url);
    await gone.close();
    const store = open({ url: gone.url });
    await expect(store.ping()).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'Connection refused',
    });
    expect(await codesOf(store)).toEqual(['ERR_STORE_UNAVAILABLE']);
  });

  it('says that the token is wrong, and shows it nowhere', async () => {
    const token = 's3cr3t-of-the-test';
    const store = open({ token });
    const error = await Promise.resolve(store.get(['session:s3cr3t-id'])).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_STORE_REFUSED', message: 'Store refused: wrong token' });
    expect(inspect([error, store], { depth: 10, showHidden: true })).not.toContain('s3cr3t');
    expect(await codesOf(store)).toEqual(['ERR_STORE_REFUSED']);
  });

  it('says that memory is full of the service, and reads on', async () => {
    const full = await startValkeyServer({ args: ['--maxmemory-policy', 'noeviction'] });
    const fullFront = await startKvRestFront(full.url);
    const admin = new Redis(full.url);
    const store = open({ url: fullFront.url });
    await store.set('a', Buffer.from('x'), MINUTE);
    await admin.config('SET', 'maxmemory', '1');
    const [written, read] = await Promise.allSettled([
      store.set('b', Buffer.from('x'), MINUTE),
      store.get(['a']),
    ]);
    expect(written).toMatchObject({ reason: { message: expect.stringContaining('out of memory (OOM)') } });
    expect(read).toMatchObject({ value: [{ bytes: Buffer.from('x') }] });
    await store.close();
    await admin.quit();
    await fullFront.close();
    await full.stop();
  });

  it('sends nothing twice: a take whose answer is lost counts once', async () => {
    const store = open();
    const key = newKey();
    await store.take(newKey(), RULES);
    front.reset();
    front.faults.cut = 'after';
    await expect(store.take(key, RULES)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    expect(front.requests).toBe(1);
    front.reset();
    expect((await store.take(key, RULES)).rules[0]!.remaining).toBe(8);
  });

  it('waits for an answer as long as it may, and no longer', async () => {
    const store = open({ requestTimeoutMs: 80 });
    front.faults.hang = true;
    expect(await codesOf(store)).toEqual(['ERR_STORE_TIMEOUT']);
    front.reset();
    front.faults.delayMs = 100;
    expect(await codesOf(open())).toEqual(['answered']);
  });

  it('has a bounded number of requests under way', async () => {
    const store = open({ requestTimeoutMs: MINUTE });
    front.faults.hang = true;
    const keys = Array.from({ length: 60 }, newKey);
    const writes: Promise<unknown>[] = [];
    for (const key of keys) {
      const written = Promise.resolve(store.set(key, Buffer.from('x'), MINUTE));
      writes.push(expect(written).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (front.requests < 32) await new Promise((resolve) => setImmediate(resolve));
    await store.close();
    await Promise.all(writes);
    expect(front.requests).toBe(32);
    expect(await watcher.exists(...keys)).toBe(0);
  });

  it('lets wait no more than it can hold', async () => {
    const store = open({ requestTimeoutMs: 300 });
    front.faults.hang = true;
    const reads = Array.from({ length: 20_001 }, async () => store.get(['the-same']));
    const writes = [store.set('a', Buffer.from('x'), MINUTE), store.take('r', RULES)];
    await expect(reads[20_000]).rejects.toMatchObject({ code: 'ERR_STORE_OVERLOADED' });
    for (const write of writes) await expect(write).rejects.toMatchObject({ code: 'ERR_STORE_OVERLOADED' });
    const codes = (await Promise.allSettled(reads)).map((one) => (one as PromiseRejectedResult).reason.code);
    expect(new Set(codes)).toEqual(new Set(['ERR_STORE_TIMEOUT', 'ERR_STORE_OVERLOADED']));
    front.reset();
    await store.ping();
  });

  it('closes in time while nothing answers, and ends what is under way', async () => {
    const store = open({ requestTimeoutMs: MINUTE });
    front.faults.hang = true;
    const answers = [store.get([newKey()]), store.take(newKey(), RULES)].map(async (answer) =>
      expect(answer).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' }),
    );
    await store.close();
    await Promise.all(answers);
    expect(await codesOf(store)).toEqual(['ERR_STORE_CLOSED']);
  });

  it('costs a caller one deadline at most while it hangs, and comes back by itself', async () => {
    const store = createResilientStore(open({ requestTimeoutMs: 500 }), { deadlineMs: 250 });
    stores.push(store);
    await store.ping();
    front.faults.hang = true;
    while (store.state === 'available') await Promise.allSettled([store.get([newKey()])]);
    expect(await codesOf(store)).toEqual(['ERR_STORE_CIRCUIT_OPEN']);
    front.reset();
    while (store.state === 'away') await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await codesOf(store)).toEqual(['answered']);
  });
});
