import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster as IoredisCluster } from 'ioredis';
import { Cluster } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScriptedGroups } from '../../src/store/scripts/scripted-groups.ts';
import type { Store } from '../../src/store/store.ts';
import { callScript } from '../../src/store/valkey/script-runner.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { findStale } from '../support/fences.ts';
import { startValkeyCluster, type ValkeyCluster } from '../support/valkey-cluster.ts';

const MINUTE = 60_000;
const RULES = [{ limit: 10, windowMs: MINUTE }];

async function connected(store: Store): Promise<Store> {
  await store.ping();
  return store;
}

// A little more than asked for: timers may be early by the milliseconds' rounding.
const advance = (ms: number) => sleep(ms + 5);

describe('Valkey store on a Cluster', () => {
  let cluster: ValkeyCluster;
  let hosts: { host: string; port: number }[];
  let store: Store;
  beforeAll(async () => {
    cluster = await startValkeyCluster();
    hosts = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    store = await connected(createValkeyStore({ url: cluster.url }));
  }, 60_000);
  afterAll(async () => {
    await store.close();
    await cluster.stop();
  });

  const newKey = (tag = '') => `test:${tag}${randomUUID()}`;

  for (const { name, run } of storeContract) {
    it.concurrent(name, () =>
      run({ create: () => connected(createValkeyStore({ url: cluster.url })), advance }),
    );
  }

  describe("with the application's own client of ioredis", () => {
    let client: IoredisCluster;
    beforeAll(() => {
      client = new IoredisCluster(hosts);
      // Each store listens, and here are many on one client.
      client.setMaxListeners(100);
    });
    afterAll(async () => {
      expect(client.status).toBe('ready');
      await client.quit();
    });

    for (const { name, run } of storeContract) {
      it.concurrent(name, () => run({ create: () => connected(createValkeyStore({ client })), advance }));
    }
  });

  it("goes with the application's own client of iovalkey, and leaves it connected", async () => {
    const client = new Cluster(hosts);
    const own = await connected(createValkeyStore({ client }));
    const [one, other] = [newKey(), newKey()];
    for (const key of [one, other]) await own.set(key, Buffer.from(key), MINUTE);
    expect((await own.get([other, one])).map((value) => value?.bytes.toString())).toEqual([other, one]);
    expect(own.shardOf?.(one)).toBe(store.shardOf?.(one));
    await own.close();
    expect(client.status).toBe('ready');
    await client.quit();
  });

  it('keeps the keys of a group, and no more, in one slot', async () => {
    const base = `response:{${randomUUID()}}`;
    const tags = Array.from({ length: 8 }, () => `tag:{${randomUUID()}}`);
    const { fence } = await store.begin(base, { name: 'l', holder: 'h', ttlMs: MINUTE });
    expect(await store.set(`${base}:v`, Buffer.from('x'), MINUTE, { group: base, fence, tags })).toBe(true);
    for (const tag of tags) expect((await store.members(tag, null)).bases).toEqual([base]);
    expect(await store.dropTagged(tags)).toBe(1);
    expect(await store.get([`${base}:v`])).toEqual([null]);
  });

  it('keeps under its tags what is written while they are dropped', async () => {
    const [base, tag] = [`ownsession:{${randomUUID()}}`, `tag:{${randomUUID()}}`];
    const client = new Cluster(hosts);
    const groups = createScriptedGroups({
      async run(call) {
        // Between the group's registration and its value.
        if (call.keys[0] === base) await store.dropTagged([tag]);
        return callScript(client, call);
      },
      dropsKey: 'drops',
      sequence: { current: async () => 0, note: () => {} },
      mark: () => ({ text: '', offset: 0, leastLength: 0 }),
      onDrop: () => {},
    });
    expect(await groups.set(base, 'x', MINUTE, { group: base, tags: [tag] })).toBe(true);
    await client.quit();
    expect((await store.members(tag, null)).bases).toEqual([base]);
    expect(await store.dropTagged([tag])).toBe(1);
    expect(await store.get([base])).toEqual([null]);
  });

  it('hears what another process drops, on each master', async () => {
    const other = await connected(createValkeyStore({ url: cluster.url }));
    const dropped = new Set<string>();
    store.listen({ dropped: (base) => void dropped.add(base) });
    const bases = Array.from({ length: 20 }, () => `response:{${randomUUID()}}`);
    for (const base of bases) {
      while (!(store.coherentUntil(base)! > 0)) await sleep(10);
      await store.begin(base);
    }
    await other.drop(bases);
    while (dropped.size < bases.length) await sleep(10);
    expect([...dropped].sort()).toEqual(bases.sort());
    await other.close();
  });

  it('answers nothing that was dropped, however fills and drops of several processes meet', async () => {
    const others = [createValkeyStore({ url: cluster.url }), createValkeyStore({ url: cluster.url })];
    await Promise.all(others.map(connected));
    const { stale, written, refused, drops } = await findStale([store, ...others], 1_500);
    expect(stale).toEqual([]);
    for (const count of [written, refused, drops]) expect(count).toBeGreaterThan(0);
    await Promise.all(others.map((other) => other.close()));
  });

  it('names the master that serves a key', async () => {
    for (let i = 0; i < 20; i++) {
      const key = newKey();
      const { port } = await cluster.nodeOf(await cluster.slotOf(key));
      expect(store.shardOf?.(key)).toBe(`127.0.0.1:${port}`);
    }
  });

  it('sends the reads and takes of one turn and slot as one command', async () => {
    const tag = `{${randomUUID()}}`;
    const node = await cluster.nodeOf(await cluster.slotOf(tag));
    await store.get([newKey(tag)]);
    await cluster.command(node, 'CONFIG', 'RESETSTAT');
    const reads = Array.from({ length: 30 }, async () => store.get([newKey(tag), newKey(tag)]));
    const takes = Array.from({ length: 20 }, async () => store.take(newKey(tag), RULES));
    await Promise.all([...reads, ...takes]);
    const stats = await cluster.command<string>(node, 'INFO', 'commandstats');
    expect(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]).toBe('1');
  });

  it('follows a slot that moves', async () => {
    const key = newKey();
    await store.set(key, Buffer.from('x'), MINUTE);
    await store.delete([key]);
    const slot = await cluster.slotOf(key);
    const from = await cluster.nodeOf(slot);
    const to = (await cluster.masters()).find((node) => node !== from)!;
    await cluster.moveSlot(slot, to);
    expect(await store.set(key, Buffer.from('y'), MINUTE)).toBe(true);
    expect((await store.get([key]))[0]?.bytes.toString()).toBe('y');
    const { fence } = await store.begin(key, { name: 'l', holder: 'h', ttlMs: MINUTE });
    expect(await store.set(key, Buffer.from('z'), MINUTE, { group: key, fence })).toBe(true);
    expect(store.shardOf?.(key)).toBe(`127.0.0.1:${to.port}`);
  });

  it('answers for the other shards meanwhile, and for all again when a replica has taken over', async () => {
    const masters = [...new Set(await cluster.masters())];
    const keys = await Promise.all(masters.map((node) => keyOf(cluster, node.port)));
    for (const key of keys) await store.set(key, Buffer.from(key), MINUTE);
    await sleep(100);
    await masters[0]!.kill();
    expect(await outcomes(store, keys.slice(1))).toEqual(['there', 'there']);
    expect(await outcomes(store, [keys[0]!])).toEqual(['ERR_STORE_UNAVAILABLE']);
    // The others' fills go on too, wherever the sequence of drops lies.
    for (const key of keys.slice(1)) {
      const { fence } = await store.begin(key);
      expect(await store.set(key, Buffer.from(key), MINUTE, { group: key, fence })).toBe(true);
    }
    await cluster.well({ replicated: false });
    while ((await outcomes(store, keys)).some((outcome) => outcome !== 'there')) await sleep(20);
    expect(await store.set(keys[0]!, Buffer.from('x'), MINUTE)).toBe(true);
  }, 60_000);
});

/** A key that a master serves. */
async function keyOf(cluster: ValkeyCluster, port: number): Promise<string> {
  for (;;) {
    const key = `test:${randomUUID()}`;
    if ((await cluster.nodeOf(await cluster.slotOf(key))).port === port) return key;
  }
}

function outcomes(store: Store, keys: readonly string[]): Promise<string[]> {
  return Promise.all(
    keys.map(async (key) => {
      try {
        const [value] = await store.get([key]);
        return value === null ? 'not there' : 'there';
      } catch (error) {
        return (error as { code: string }).code;
      }
    }),
  );
}
