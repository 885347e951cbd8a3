import { Cluster } from 'iovalkey';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../src/store/valkey/key-slot.ts';
import { createTracking, type TrackingChange } from '../../src/store/valkey/tracking.ts';
import { untilSo } from '../support/server-process.ts';
import { startValkeyCluster, type ValkeyCluster } from '../support/valkey-cluster.ts';

/** Keys of each third of the slots, as the Cluster begins. */
const KEYS = [0, 1, 2].map((third) => keyIn((slot) => Math.floor((slot * 3) / 16_384) === third));

let cluster: ValkeyCluster;
let other: Cluster;
const closing: (() => unknown)[] = [];

function keyIn(accepts: (slot: number) => boolean): string {
  for (let i = 0; ; i += 1) {
    const key = `response:{svc:${i}}`;
    if (accepts(keySlot(key))) return key;
  }
}

function connect(): Cluster {
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const client = new Cluster(nodes, {
    clusterRetryStrategy: () => 50,
    slotsRefreshInterval: 300,
    redisOptions: { maxRetriesPerRequest: 0, connectTimeout: 1_000 },
  });
  client.on('error', () => {});
  return client;
}

async function track() {
  const client = connect();
  const heard: string[] = [];
  const changes: TrackingChange[] = [];
  const tracking = createTracking({ client, onChange: (change) => changes.push(change) });
  tracking.listen({ changed: (key) => heard.push(key), lost: () => heard.push('lost') });
  closing.push(() => client.disconnect());
  closing.push(() => tracking.close());
  const isCoherent = (key: string) => tracking.coherentUntil(key)! > performance.now();
  const coherent = () => untilSo('Changes are heard', async () => KEYS.every(isCoherent));
  await coherent();
  return { tracking, heard, changes, isCoherent, coherent };
}

async function heardOf(heard: readonly string[], what: string): Promise<void> {
  await untilSo(what, async () => heard.includes(what), { everyMs: 5 });
}

beforeAll(async () => {
  cluster = await startValkeyCluster();
  other = connect();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await cluster.well();
});
afterAll(async () => {
  other.disconnect();
  await cluster.stop();
});

describe('tracking of a Cluster', () => {
  it('hears of the changes on each master', async () => {
    const { heard, changes } = await track();
    for (const key of KEYS) await other.set(key, 'x', 'PX', 60_000);
    for (const key of KEYS) await heardOf(heard, key);
    expect(changes).toEqual([{ tracking: true }]);
  });

  it('is confirmed by all processes on all masters', async () => {
    const [one, two] = [await track(), await track()];
    for (const key of KEYS) await other.set(key, 'y', 'PX', 60_000);
    await one.tracking.confirmed();
    for (const { heard } of [one, two]) expect(heard).toEqual(expect.arrayContaining(KEYS));
  });

  it('loses everything when a slot moves, and hears of it on its new master', async () => {
    const { heard, coherent } = await track();
    const masters = await cluster.masters();
    const moved = keyIn((slot) => slot < 5_000 && slot !== keySlot(KEYS[0]!));
    await cluster.moveSlot(keySlot(moved), masters[2]!);
    await heardOf(heard, 'lost');
    await coherent();
    await other.set(moved, 'x', 'PX', 60_000);
    await heardOf(heard, moved);
    await other.del(moved);
    await cluster.moveSlot(keySlot(moved), masters[0]!);
  });

  it('relies on the other masters while one is gone, and on the one that takes its place', async () => {
    const { heard, isCoherent, coherent } = await track();
    const [first, second, third] = KEYS as [string, string, string];
    const gone = await cluster.nodeOf(keySlot(second));
    closing.push(() => gone.restart());
    await gone.kill();
    await untilSo('It is not relied on', async () => !isCoherent(second));
    expect(heard).toContain('lost');
    await untilSo('The others are', async () => isCoherent(first) && isCoherent(third));
    await coherent();
    heard.length = 0;
    await untilSo('It is written', async () => (await other.set(second, 'x', 'PX', 60_000)) === 'OK');
    await heardOf(heard, second);
  });
});
