import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { Redis } from 'iovalkey';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKvRestStore, type KvRestOptions } from '../../src/store/kv-rest/kv-rest-store.ts';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import type { Store } from '../../src/store/store.ts';
import {
  type KvGate,
  type KvWorld,
  openKvGate,
  startCookieAuthority,
  startPageOrigin,
} from '../support/kv-gate.ts';
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

  it.each(['null', '{}', 'true'])(
    'is away where commands are answered by what is no answer to them: %s',
    async (result) => {
      const base = `response:{${randomUUID()}}`;
      const fence = { group: base, tags: [`tag:{${base}}`] };
      const store = open();
      front.faults.body = `[{"result":${result}}]`;
      const calls: (() => unknown)[] = [
        () => store.get([base]),
        () => store.take(newKey(), RULES),
        () => store.begin(base, { name: 'a', holder: 'h', ttlMs: MINUTE }),
        () => store.set(base, Buffer.from('x'), MINUTE, fence),
        () => store.drop([base]),
        () => store.dropTagged(fence.tags),
        () => store.members(fence.tags[0]!, null),
        () => store.counters(['stats:{1}']),
        () => store.usage(fence.tags, 10),
        () => store.delete([base]),
        () => store.ping(),
      ];
      for (const call of calls) {
        await expect((async () => call())()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
      }
      front.faults.body = '[{"result":[[1]]}]';
      await expect(store.begin(base)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    },
  );

  it.each([
    [
      'a take',
      (store: Store) => store.take(newKey(), RULES),
      ['[[1,null]]', '[[1,[[1,0]]]]', '[[1,[[1,0,"x",0]]]]'],
    ],
    ['a begin', (store: Store) => store.begin('response:{a}'), ['[[1,1]]', '[[1,null]]']],
    ['a drop', (store: Store) => store.drop(['response:{a}']), ['7']],
    ['a drop by a tag', (store: Store) => store.dropTagged(['tag:{a}']), ['7', '["7"]', '["x","a","1"]']],
    [
      'the groups of a tag',
      (store: Store) => store.members('tag:{a}', '8'),
      ['7', '["x"]', '["7"]', '[null]'],
    ],
  ] as const)('is away where it answers anything to %s', async (_, call, results) => {
    const store = open();
    for (const result of results) {
      front.faults.body = `[{"result":${result}}]`;
      await expect((async () => call(store))()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    }
  });

  it('has one call of a turn fail alone, whatever the others are', async () => {
    const store = open();
    const bases = ['a', 'b', 'c'].map((name) => `response:{${name}-${randomUUID()}}`);
    await watcher.lpush(`${bases[1]}:fills`, 'of another application');
    const settled = await Promise.allSettled([
      ...bases.map(async (base) => store.begin(base)),
      store.take(newKey(), RULES),
      store.set(bases[2]!, Buffer.from('x'), MINUTE, { group: bases[2]!, tags: [`tag:{${bases[2]}}`] }),
    ]);
    const statuses = settled.map(({ status }) => status);
    expect(statuses).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { message: expect.stringContaining('WRONGTYPE') } });
  });

  it('counts each take once while the service forgets its scripts again and again', async () => {
    const store = open();
    const [key, rules] = [newKey(), [{ limit: 10_000, windowMs: MINUTE }]];
    const calls: unknown[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      for (let i = 0; i < 5; i += 1)
        calls.push(store.take(key, rules), store.begin(`response:{${turn}-${i}}`));
      if (turn % 4 === 0) calls.push(watcher.script('FLUSH'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(calls);
    expect((await store.take(key, rules)).rules[0]!.remaining).toBe(10_000 - 201);
  });

  it('sends no more in a request than it may, with a text of a script too', async () => {
    const strict = await startKvRestFront(server.url, { maxRequestBytes: 60_000 });
    const store = open({ url: strict.url, maxRequestBytes: 60_000 });
    const base = `response:{${randomUUID()}}`;
    const options = { group: base, tags: [`tag:{${base}}`] };
    const messages = new Set<string>();
    for (let size = 30_000; size < 46_000; size += 1_000) {
      await watcher.script('FLUSH');
      const written = Promise.resolve(store.set(base, Buffer.alloc(size, 0xff), MINUTE, options));
      messages.add(String(await written.catch(({ message }) => String(message).replace(/\d+/g, 'n'))));
    }
    expect([...messages]).toEqual(['true', "Value of n bytes is larger than the store's bound of n bytes"]);
    await watcher.script('FLUSH');
    const long = 'x'.repeat(1_000);
    await Promise.all(Array.from({ length: 300 }, async (_, i) => store.begin(`response:{${long}${i}}`)));
    await strict.close();
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

describe('a gate on a KV service', () => {
  let server: ValkeyServer;
  let front: KvRestFront;
  let world: KvWorld;
  let gate: KvGate;
  let onValidation = () => {};
  beforeAll(async () => {
    server = await startValkeyServer();
    front = await startKvRestFront(server.url);
    const authority = await startCookieAuthority(() => onValidation());
    world = { front, origin: await startPageOrigin(), authority };
    const warming = openKvGate(world);
    await warming.ask('/known', 'warm');
    await warming.close();
  });
  beforeEach(() => {
    onValidation = () => {};
    gate = openKvGate(world);
  });
  afterEach(async () => {
    front.reset();
    await gate.close();
  });
  afterAll(async () => {
    await Promise.all([front.close(), world.origin.close(), world.authority.close()]);
    await server.stop();
  });

  const hang = () => Object.assign(front.faults, { hang: true });
  const slow = () => Object.assign(front.faults, { delayMs: 1_000 });

  // Whoever has asked it in vain does not ask again: so many requests to it are so many deadlines that were waited for.
  describe.each([
    ['hangs', hang],
    ['takes a second for each answer', slow],
  ])('that %s', (_, fail) => {
    it.each(['known', 'unknown'])('waits for it once, and answers: a page that is %s', async (page) => {
      front.reset();
      fail();
      const before = world.authority.asked.length;
      expect(await gate.ask(`/${page}`, 'warm')).toMatch(/^200 cachegate; fwd=/);
      expect([front.requests, world.authority.asked.length - before]).toEqual([1, 1]);
      expect(await gate.ask(`/${page}`, 'warm')).toMatch(/^200 cachegate; fwd=/);
      expect(front.requests).toBe(1);
    });

    it('from the middle of a request on, waits for it once', async () => {
      let requests = 0;
      onValidation = () => {
        requests = front.requests;
        fail();
      };
      expect(await gate.ask('/page', `ann-${fail.name}`)).toMatch(/^200 cachegate; fwd=/);
      expect([requests > 0, front.requests - requests]).toEqual([true, 1]);
    });
  });
});
