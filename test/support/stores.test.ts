import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTls } from 'node:tls';
import { Redis } from 'iovalkey';
import { afterEach, describe, expect, it } from 'vitest';
import { startSentinel } from './sentinel.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { makeTlsFiles } from './tls-files.ts';
import { startValkeyCluster } from './valkey-cluster.ts';
import { startValkeyServer, type ValkeyServer } from './valkey-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('a Cluster of the tests', () => {
  it('has three masters with replicas, and goes on when one is killed', async () => {
    const cluster = await startValkeyCluster();
    closing.push(cluster.stop);
    const masters = await cluster.masters();
    expect(masters).toEqual(cluster.nodes.slice(0, 3));
    const slot = await cluster.slotOf('{a}:b');
    expect(slot).toBe(15495);
    const lost = await cluster.nodeOf(slot);
    const [heir] = await cluster.replicasOf(lost);
    await lost.kill();
    await cluster.well({ replicated: false });
    expect(await cluster.nodeOf(slot)).toBe(heir);
    await lost.restart();
    await cluster.well();
    expect(await cluster.replicasOf(heir!)).toEqual([lost]);
    await cluster.moveSlot(0, heir!);
    expect(await cluster.nodeOf(0)).toBe(heir);
  });
});

describe('sentinels of the tests', () => {
  it('agree on a master, and on its replica when it is told to take over or the master is killed', async () => {
    const setup = await startSentinel();
    closing.push(setup.stop);
    const [first, second] = setup.servers;
    expect(await setup.master()).toBe(first);
    await setup.failover();
    expect(await setup.master()).toBe(second);
    await second!.kill();
    await setup.well({ replicated: false });
    expect(await setup.master()).toBe(first);
  });
});

describe('a server of the tests', () => {
  it('takes connections over TLS and users with rights', async () => {
    const files = await makeTlsFiles();
    closing.push(files.remove);
    const server = await startValkeyServer({
      tls: files,
      users: ['app on >secret ~app:* +@all', 'default off'],
    });
    closing.push(server.stop);
    const ca = await readFile(files.caFile);
    const client = new Redis(server.port, '127.0.0.1', { tls: { ca }, username: 'app', password: 'secret' });
    closing.push(() => client.disconnect());
    expect(await client.set('app:a', 'x')).toBe('OK');
    await expect(client.set('b', 'x')).rejects.toThrow('NOPERM');
    const stranger = connectTls({ host: '127.0.0.1', port: server.port });
    const [refused] = await once(stranger, 'error');
    expect(refused).toMatchObject({ code: expect.stringMatching(/SELF_SIGNED|UNABLE/) });
  });

  it('is Redis where that is asked for, and replicates another', async () => {
    const master = await startValkeyServer({ kind: 'redis' });
    closing.push(master.stop);
    const replica = await startValkeyServer({ kind: 'redis', replicaOf: master });
    closing.push(replica.stop);
    const client = new Redis(replica.url);
    closing.push(() => client.disconnect());
    expect(await client.info('server')).toMatch(/redis_version:\d/);
    await expect.poll(() => client.info('replication')).toContain('master_link_status:up');
  });
});

describe('the proxy of the tests', () => {
  async function setUp(): Promise<{ server: ValkeyServer; proxy: TcpProxy; client: Redis }> {
    const server = await startValkeyServer();
    closing.push(server.stop);
    const proxy = await startTcpProxy(server);
    closing.push(proxy.close);
    const client = new Redis(proxy.port, {
      enableReadyCheck: false,
      retryStrategy: () => 10,
      commandTimeout: 200,
    });
    client.on('error', () => {});
    closing.push(() => client.disconnect());
    await client.ping();
    return { server, proxy, client };
  }

  it('counts commands and round trips', async () => {
    const { proxy, client } = await setUp();
    proxy.reset();
    await Promise.all([client.set('a', 'x'.repeat(100_000)), client.get('a'), client.get('b')]);
    expect(proxy.sent).toEqual({ commands: 3, flights: 1 });
    await client.mget('a', 'b');
    expect(proxy.sent).toEqual({ commands: 4, flights: 2 });
    expect(proxy.connections[0]!.names.slice(-4)).toEqual(['SET', 'GET', 'GET', 'MGET']);
  });

  it('cuts, refuses, swallows, delays and heals', async () => {
    const { proxy, client } = await setUp();
    proxy.cut();
    await expect.poll(() => proxy.connections.map(({ open }) => open)).toEqual([false, true]);
    await expect.poll(() => client.ping().catch(String)).toBe('PONG');
    proxy.swallow();
    await expect(client.ping()).rejects.toThrow('timed out');
    expect(client.status).toBe('ready');
    proxy.heal();
    await expect.poll(() => client.ping().catch(String)).toBe('PONG');
    proxy.delay(30);
    const startedAt = performance.now();
    await client.ping();
    expect(performance.now() - startedAt).toBeGreaterThan(58);
    proxy.refuse();
    await expect.poll(() => client.status).not.toBe('ready');
    proxy.heal();
    await expect.poll(() => client.ping().catch(String)).toBe('PONG');
  });
});
