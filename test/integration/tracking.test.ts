import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as OtherRedis } from 'ioredis';
import { Redis } from 'iovalkey';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTracking, type Tracking, type TrackingChange } from '../../src/store/valkey/tracking.ts';
import { untilSo } from '../support/server-process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const TRACKED = 'response:{svc:a}';

let server: ValkeyServer;
let other: Redis;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startValkeyServer();
  other = new Redis(server.url);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(async () => {
  other.disconnect();
  await server.stop();
});

/** Tracking on a client of its own, and what it said. */
async function track(options: { url?: string; client?: Redis; namespace?: string } = {}) {
  const client = options.client ?? quiet(new Redis(options.url ?? server.url, { retryStrategy: () => 20 }));
  const heard: string[] = [];
  const changes: TrackingChange[] = [];
  const { namespace = '' } = options;
  const tracking = createTracking({ client, namespace, onChange: (change) => changes.push(change) });
  tracking.listen({
    changed: (key) => heard.push(`changed ${key}`),
    dropped: (base) => heard.push(`dropped ${base}`),
    lost: () => heard.push('lost'),
  });
  closing.push(() => client.disconnect());
  closing.push(() => tracking.close());
  await coherent(tracking, namespace === '' ? TRACKED : `${namespace}:${TRACKED}`);
  return { client, tracking, heard, changes };
}

function quiet<Client extends { on(event: 'error', listener: () => void): unknown }>(client: Client): Client {
  client.on('error', () => {});
  return client;
}

const isCoherent = (tracking: Tracking, key = TRACKED) => tracking.coherentUntil(key)! > performance.now();

async function coherent(tracking: Tracking, key = TRACKED): Promise<void> {
  await untilSo('Changes are heard', async () => isCoherent(tracking, key));
}

async function heardOf(heard: readonly string[], what: string): Promise<void> {
  await untilSo(what, async () => heard.includes(what), { everyMs: 2 });
}

describe('tracking', () => {
  it('hears what others write, delete and let expire', async () => {
    const { heard } = await track();
    await other.set(TRACKED, 'x', 'PX', 30);
    await heardOf(heard, `changed ${TRACKED}`);
    heard.length = 0;
    await heardOf(heard, `changed ${TRACKED}`);
    await other.set('session:1', 'true');
    await other.del('session:1');
    await heardOf(heard, 'changed session:1');
    for (const key of [
      'verdict:1',
      '{verdict:1}:fills',
      'ownsession:{1}',
      'ownsession:{1}:moved',
      'value:{1}',
    ]) {
      await other.set(key, 'x');
      await heardOf(heard, `changed ${key}`);
    }
  });

  it('hears of groups that were dropped, and of what lies beside them', async () => {
    const { heard } = await track();
    await other.hset('{session:1}:fills', 'epoch', '1');
    await other.set('{session:1}:dropped', '', 'PX', 1_000);
    await other.set(`${TRACKED}:dropped`, '', 'PX', 1_000);
    await heardOf(heard, `dropped ${TRACKED}`);
    expect(heard).toContain('changed {session:1}:fills');
    expect(heard).toContain('dropped session:1');
    expect(heard).toContain('changed session:1');
  });

  it('hears nothing of limits and of other namespaces', async () => {
    const { heard, tracking } = await track({ namespace: 'ns' });
    await other.set('ns:ratelimit:x', '1');
    await other.set(TRACKED, '1');
    await other.set('ns:session:1', 'true');
    await heardOf(heard, 'changed ns:session:1');
    expect(heard.filter((each) => each !== 'changed ns:session:1')).toEqual([]);
    expect(tracking.coherentUntil('ns:ratelimit:x')).toBe(0);
  });

  it('loses everything when the server is emptied', async () => {
    const { heard } = await track();
    await other.flushall();
    await heardOf(heard, 'lost');
  });

  it.each([
    ['iovalkey', () => new Redis(server.url, { lazyConnect: true })],
    ['ioredis', () => new OtherRedis(server.url) as unknown as Redis],
  ])("works with an application's own client: %s", async (_, connect) => {
    const { heard, tracking } = await track({ client: connect() });
    await other.set(TRACKED, 'x');
    await heardOf(heard, `changed ${TRACKED}`);
    await tracking.confirmed();
  });

  it('says that it knows nothing with a client that can not be duplicated', async () => {
    const client = new Redis(server.url);
    const single = {
      status: 'ready',
      call: client.call.bind(client),
      connect: async () => {},
      on: () => {},
      off: () => {},
    };
    const tracking = createTracking({ client: single });
    expect(tracking.coherentUntil(TRACKED)).toBeNull();
    await tracking.close();
    client.disconnect();
  });
});

describe('tracking that is confirmed', () => {
  it('waits for every process that tracks, and not for those that have left', async () => {
    const [one, two, gone] = [await track(), await track(), await track()];
    await gone.tracking.close();
    await other.set(TRACKED, 'x');
    await one.tracking.confirmed();
    expect(one.heard).toContain(`changed ${TRACKED}`);
    expect(two.heard).toContain(`changed ${TRACKED}`);
    expect(isCoherent(gone.tracking)).toBe(false);
  });

  it('waits for one that hears nothing any more until it relies on nothing either', async () => {
    const proxy = await startTcpProxy(server);
    closing.push(() => proxy.close());
    const [one, deaf] = [await track(), await track({ url: proxy.url })];
    proxy.swallow();
    await other.set(TRACKED, 'x');
    await one.tracking.confirmed();
    expect(isCoherent(deaf.tracking)).toBe(false);
  });

  it('waits for one whose delivery is slow', async () => {
    const proxy = await startTcpProxy(server);
    closing.push(() => proxy.close());
    const [one, slow] = [await track(), await track({ url: proxy.url })];
    proxy.delay(60);
    await other.set(TRACKED, 'x');
    await one.tracking.confirmed();
    expect(slow.heard).toContain(`changed ${TRACKED}`);
    expect(isCoherent(slow.tracking)).toBe(true);
  });

  it('waits until nobody can rely on anything where it is not connected itself', async () => {
    const proxy = await startTcpProxy(server);
    closing.push(() => proxy.close());
    const one = await track({ url: proxy.url });
    const before = performance.now();
    proxy.refuse();
    await one.tracking.confirmed();
    expect(performance.now() - before).toBeGreaterThanOrEqual(1_000);
  });

  it('leaves nothing behind that lasts', async () => {
    const { tracking } = await track();
    await tracking.confirmed();
    for (const key of await other.keys('*processes*')) expect(await other.pttl(key)).toBeGreaterThan(0);
    expect(await other.keys('*fence*')).toEqual([]);
  });
});

describe('tracking when things break', () => {
  it('loses everything and hears again after its connection was cut', async () => {
    const { heard, tracking, changes } = await track();
    const list = String(await other.client('LIST'));
    const own = list.split('\n').find((line) => line.includes('sub=2'))!;
    await other.client('KILL', 'ID', Number(/id=(\d+)/.exec(own)![1]));
    await heardOf(heard, 'lost');
    expect(isCoherent(tracking)).toBe(false);
    await coherent(tracking);
    await other.set(TRACKED, 'x');
    await heardOf(heard, `changed ${TRACKED}`);
    expect(changes.map((change) => change.tracking)).toEqual([true, false, true]);
  });

  it('relies on nothing when the server is frozen, and hears what came when it goes on', async () => {
    const { heard, tracking } = await track();
    server.freeze();
    await untilSo('Nothing is relied on', async () => !isCoherent(tracking));
    server.thaw();
    await coherent(tracking);
    await other.set(TRACKED, 'x');
    await heardOf(heard, `changed ${TRACKED}`);
  });

  it('gives up a connection that is silent', async () => {
    const proxy = await startTcpProxy(server);
    closing.push(() => proxy.close());
    const { heard, tracking } = await track({ url: proxy.url });
    proxy.swallow(({ names }) => names.includes('SUBSCRIBE'));
    await untilSo('Nothing is relied on', async () => !isCoherent(tracking));
    expect(heard).not.toContain('lost');
    await heardOf(heard, 'lost');
    proxy.heal();
    await coherent(tracking);
  });

  it('is lost with the connection that reads, whose next one may lead elsewhere', async () => {
    const proxy = await startTcpProxy(server);
    closing.push(() => proxy.close());
    const { heard, tracking } = await track({ url: proxy.url });
    proxy.cut(({ names }) => !names.includes('SUBSCRIBE'));
    await heardOf(heard, 'lost');
    await coherent(tracking);
  });

  it('comes back after a restart of the server', async () => {
    const own = await startValkeyServer();
    closing.push(() => own.stop());
    const { heard, tracking } = await track({ url: own.url });
    await own.restart();
    await heardOf(heard, 'lost');
    await coherent(tracking);
  });

  it('goes on while memory is full', async () => {
    const own = await startValkeyServer({ args: ['--maxmemory-policy', 'noeviction'] });
    closing.push(() => own.stop());
    const admin = new Redis(own.url);
    closing.push(() => admin.disconnect());
    const { tracking } = await track({ url: own.url });
    await admin.config('SET', 'maxmemory', '1');
    await sleep(1_100);
    expect(isCoherent(tracking)).toBe(true);
    await tracking.confirmed();
    await expect(admin.set('a', 'x')).rejects.toThrow('OOM');
  });
});

describe('watches', () => {
  it('end with a change of a key, also one before they are waited on', async () => {
    const { tracking } = await track();
    const early = tracking.watch([TRACKED, 'session:1']);
    tracking.noteChange('session:1');
    await early.changed(60_000);
    const late = tracking.watch([TRACKED]).changed(60_000);
    await other.set(TRACKED, 'x');
    await late;
  });

  it('end after a while, and with the tracking', async () => {
    const { tracking } = await track();
    await tracking.watch([TRACKED]).changed(5);
    const waiting = tracking.watch([TRACKED]).changed(60_000);
    await tracking.close();
    await waiting;
    await tracking.watch([TRACKED]).changed(60_000);
  });
});
