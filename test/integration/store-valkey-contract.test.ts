import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as Ioredis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { startSentinel } from '../support/sentinel.ts';
import { makeTlsFiles } from '../support/tls-files.ts';
import { someValkey, startValkeyServer } from '../support/valkey-server.ts';

/** What a set-up gives: a way to open stores, and what is to be done at the end. */
interface SetUp {
  open(): Store;
  /** Checks at the end. */
  verify?(): Promise<void>;
  stop(): Promise<void>;
}

/** The commands that docs/store.md names: an account with no others will do. */
const COMMANDS =
  'get set unlink pttl pexpire strlen setrange hget hset hdel hlen hrandfield zadd zcard zmscore zrange ' +
  'zrangebyscore zrem zscore del zremrangebyscore time evalsha eval script|load ping info client|id ' +
  'client|tracking publish subscribe hgetall hincrby zcount memory|usage';
const USER = `app on >s3cret ~* &* -@all ${COMMANDS.split(' ')
  .map((command) => `+${command}`)
  .join(' ')}`;

const setUps: Record<string, () => Promise<SetUp>> = {
  async 'a server'() {
    const { url, stop } = await someValkey();
    return { open: () => createValkeyStore({ url }), stop };
  },
  async 'Redis 7'() {
    const { url, stop } = await startValkeyServer({ kind: 'redis' });
    return { open: () => createValkeyStore({ url }), stop };
  },
  async 'a server without tracking'() {
    const { url, stop } = await someValkey();
    return { open: () => createValkeyStore({ url, tracking: 'off' }), stop };
  },
  async "the application's own client of ioredis"() {
    const { url, stop } = await someValkey();
    return ownClient(new Ioredis(url), stop);
  },
  async 'TLS with certificates on both sides and a user of few rights'() {
    const files = await makeTlsFiles();
    const server = await startValkeyServer({
      tls: files,
      users: [USER, 'admin on >s3cret ~* +@all', 'default off'],
      args: ['--tls-auth-clients', 'yes'],
    });
    const read = (path: string) => readFile(path);
    const tls = {
      ca: await read(files.caFile),
      cert: await read(files.clientCertFile),
      key: await read(files.clientKeyFile),
    };
    const url = server.url.replace('//', '//app:s3cret@');
    return {
      open: () => createValkeyStore({ url, tls }),
      async verify() {
        const admin = new Ioredis(server.url.replace('//', '//admin:s3cret@'), { tls });
        expect(await admin.call('ACL', 'LOG')).toEqual([]);
        await admin.quit();
      },
      async stop() {
        await server.stop();
        await files.remove();
      },
    };
  },
  async Sentinels() {
    const sentinel = await startSentinel();
    return { open: () => createValkeyStore({ url: sentinel.url }), stop: sentinel.stop };
  },
};

function ownClient(client: Ioredis, stop: () => Promise<void>): SetUp {
  // Each store listens, and here are many on one client.
  client.setMaxListeners(100);
  return {
    open: () => createValkeyStore({ client }),
    async stop() {
      expect(client.status).toBe('ready');
      await client.quit();
      await stop();
    },
  };
}

describe.concurrent.each(Object.keys(setUps))('the contract with %s', (name) => {
  let setUp: SetUp;
  beforeAll(async () => {
    setUp = await setUps[name]!();
  }, 30_000);
  afterAll(async () => {
    await setUp.verify?.();
    await setUp.stop();
  });

  const create = async () => {
    const store = setUp.open();
    await store.ping();
    return store;
  };
  // A little more than asked for: timers may be early by the milliseconds' rounding.
  const advance = (ms: number) => sleep(ms + 5);

  if (name.includes('without')) {
    it('keeps no copies', async () => {
      const store = await create();
      expect(store.coherentUntil('response:a')).toBeNull();
      await store.close();
    });
  } else {
    it.concurrent('hears what another process drops', async () => {
      const [store, other] = [await create(), await create()];
      const dropped: string[] = [];
      store.listen({ dropped: (base) => void dropped.push(base) });
      const filled = [`response:{${randomUUID()}}`, `session:${randomUUID()}`];
      const held = [`ownsession:{${randomUUID()}}`, `value:{${randomUUID()}}`, `verdict:${randomUUID()}`];
      const bases = [...filled, ...held].sort();
      for (const base of bases) {
        while (!(store.coherentUntil(base)! > performance.now())) await sleep(10);
      }
      for (const base of filled) await store.begin(base);
      for (const base of held) await store.set(base, Buffer.from('x'), 60_000, { group: base });
      await other.drop(bases);
      while (dropped.length < bases.length) await sleep(10);
      expect(dropped.sort()).toEqual(bases);
      await Promise.all([store.close(), other.close()]);
    });
  }

  for (const { name, run } of storeContract) it.concurrent(name, () => run({ create, advance }));
});
