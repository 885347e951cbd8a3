import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKvRestStore } from '../../src/store/kv-rest/kv-rest-store.ts';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import { BATCH_TTL_MS, type CountBatch, type Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { startKvRestFront } from '../support/kv-rest-front.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const MINUTE = 60_000;
const TAGS = Array.from({ length: 64 }, (_, i) => `tag:{@api:${i}}`);

let server: ValkeyServer;
let admin: Redis;
beforeAll(async () => {
  server = await startValkeyServer();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});
beforeEach(() => admin.flushall());

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function opened(url: string): Promise<Store> {
  const store = createResilientStore(createValkeyStore({ url, tracking: 'off' }), { deadlineMs: 10_000 });
  closing.push(() => store.close());
  await store.ping();
  return store;
}

const batch = (source: string, sequence: number, hits: number): CountBatch => ({
  source,
  sequence,
  increments: new Map([['api:hits', hits]]),
});

describe('counters of several processes', () => {
  it('are counted once each, though answers are lost', async () => {
    const proxy = await startTcpProxy(server);
    closing.push(proxy.close);
    const [one, other] = [await opened(proxy.url), await opened(server.url)];
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      await other.add('stats:{1}', batch('other', sequence, 1), MINUTE);
      // The answer comes too late, if at all.
      proxy.delay(sequence % 4 === 0 ? 150 : 0);
      const sending = Promise.resolve(one.add('stats:{1}', batch('one', sequence, 100), MINUTE));
      if (sequence % 4 === 0) proxy.cut();
      const arrived = await sending.then(
        () => true,
        () => false,
      );
      proxy.heal();
      if (!arrived) await untilSent(one, 'stats:{1}', batch('one', sequence, 100));
    }
    expect(await other.counters(['stats:{1}'])).toEqual([new Map([['api:hits', 2_020]])]);
  });

  it('have a time to live, and so has what is remembered of batches', async () => {
    const store = await opened(server.url);
    await store.add('stats:{1}', batch('{one} 1', 1, 5), 5 * MINUTE);
    await store.add('counts', batch('one', 1, 5), 5 * MINUTE);
    const ttls = new Map<string, number>();
    for (const key of await admin.keys('*')) ttls.set(key, await admin.pttl(key));
    expect([...ttls.keys()].sort()).toEqual(
      ['counts', 'stats:{1}', 'stats:{1}:sent:{one} 1', '{counts}:sent:one'].sort(),
    );
    for (const [key, ttl] of ttls) {
      const most = key.includes('sent') ? BATCH_TTL_MS : 5 * MINUTE;
      expect(ttl > most - MINUTE && ttl <= most).toBe(true);
    }
  });

  it("leave another application's key alone, and remember no batch that was not added", async () => {
    const store = await opened(server.url);
    await admin.set('stats:{1}', 'x');
    await expect(store.add('stats:{1}', batch('one', 1, 5), MINUTE)).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
    });
    await admin.del('stats:{1}');
    await store.add('stats:{1}', batch('one', 1, 5), MINUTE);
    expect(await store.counters(['stats:{1}'])).toEqual([new Map([['api:hits', 5]])]);
  });
});

async function untilSent(store: Store, key: string, again: CountBatch): Promise<void> {
  for (;;) {
    try {
      return await store.add(key, again, MINUTE);
    } catch {
      await sleep(20);
    }
  }
}

/** Entries under 64 tags. Answers their bases. */
async function fill(store: Store, count: number): Promise<string[]> {
  const bases = Array.from({ length: count }, (_, i) => `response:{api:${i}}`);
  const sets = bases.map(async (base, i) =>
    store.set(base, Buffer.alloc(100), MINUTE, { group: base, tags: [TAGS[i % 64]!] }),
  );
  await Promise.all(sets);
  return bases;
}

describe('what a server holds', () => {
  async function proxied(): Promise<{ store: Store; proxy: TcpProxy }> {
    const proxy = await startTcpProxy(server);
    closing.push(proxy.close);
    return { store: await opened(proxy.url), proxy };
  }

  it('is told in few commands, and without a walk over all keys', async () => {
    const { store, proxy } = await proxied();
    await fill(store, 1_000);
    await store.usage(TAGS, 10);
    await admin.config('RESETSTAT');
    proxy.reset();
    expect(await store.usage(TAGS, 500)).toMatchObject({ entries: 1_000 });
    expect(proxy.sent.commands).toBeLessThanOrEqual(33);
    const stats = await admin.info('commandstats');
    const names = [...stats.matchAll(/^cmdstat_([^:]+)/gm)].map(([, name]) => name);
    for (const walk of ['keys', 'scan', 'zscan', 'hscan', 'randomkey', 'dbsize'])
      expect(names).not.toContain(walk);
    // Of a thousand members none but those of the sample, and of each its group.
    expect(Number(/cmdstat_zrange:calls=(\d+)/.exec(stats)![1])).toBe(1_000);
    expect(Number(/cmdstat_pttl:calls=(\d+)/.exec(stats)![1])).toBe(500);
  });

  it('is corrected by what was evicted', async () => {
    const { store } = await proxied();
    const bases = await fill(store, 1_000);
    await admin.unlink(...bases.filter((_, i) => i % 2 === 0));
    expect(await store.usage(TAGS, 1_000)).toMatchObject({ entries: 500 });
    const { entries, sample } = await store.usage(TAGS, 200);
    expect(entries).toBe(sample.length * 5);
    // Seven standard deviations.
    expect(Math.abs(entries - 500)).toBeLessThan(225);
  });

  it('goes with how much it may hold, where that is said', async () => {
    const store = await opened(server.url);
    expect((await store.usage(TAGS, 10)).limitBytes).toBeNull();
    await admin.config('SET', 'maxmemory', '100mb');
    expect((await store.usage(TAGS, 10)).limitBytes).toBe(100 * 1024 * 1024);
    await admin.config('SET', 'maxmemory', '0');
  });

  it('is told without what the account may not ask, which is asked once', async () => {
    await admin.call(...['ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-memory']);
    const store = createValkeyStore({ url: server.url.replace('//', '//app:secret@'), tracking: 'off' });
    closing.push(() => store.close());
    await store.ping();
    const [base] = await fill(store, 200);
    await admin.call('ACL', 'LOG', 'RESET');
    for (let i = 0; i < 5; i += 1) {
      const { entries, sample, limitBytes } = await store.usage(TAGS, 20);
      expect([entries, sample.length, limitBytes]).toEqual([200, 20, null]);
      for (const { bytes } of sample) expect(bytes).toBeGreaterThanOrEqual(100 + base!.length);
    }
    const refusals = (await admin.call('ACL', 'LOG')) as unknown[][];
    const counts = refusals.map((entry) => [entry[entry.indexOf('object') + 1], entry[1]]);
    expect(new Map(counts as [string, number][]).get('memory|usage')).toBe(1);
  });

  it('costs a service over REST few commands', async () => {
    const front = await startKvRestFront(server.url);
    closing.push(front.close);
    const store = createKvRestStore({ url: front.url, token: front.token });
    closing.push(() => store.close());
    await fill(store, 500);
    await store.usage(TAGS, 10);
    front.reset();
    const { entries, sample } = await store.usage(TAGS, 100);
    expect([entries, sample.length]).toEqual([500, 100]);
    expect(front.requests).toBe(3);
    expect(front.commands.length).toBeLessThanOrEqual(7);
  });
});
