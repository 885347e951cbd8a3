import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Cachegate } from '../../src/app/cachegate.ts';
import { createCachegate } from '../../src/app/create-cachegate.ts';
import { createLog } from '../../src/observe/log.ts';
import type { Stats } from '../../src/statistics/stats.ts';
import { type StatisticsProcess, startStatisticsProcess } from '../support/statistics-process.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// Processes that count into one store.

const PATIENT = { timeout: 15_000 };
/** Several processes are started one after the other, on a machine that may be busy. */
const LONG = { timeout: 60_000 };

let valkey: ValkeyServer;
let origin: Server;
let originUrl: string;
beforeAll(async () => {
  valkey = await startValkeyServer();
  origin = createServer((_request, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=7200', 'Content-Length': 4 }).end('here');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => origin.once('listening', resolve));
  originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
});
afterAll(async () => {
  origin.closeAllConnections();
  origin.close();
  await valkey.stop();
});

let namespace = 0;
let directory: string;
let processes: StatisticsProcess[] = [];
beforeEach(async () => {
  namespace += 1;
  directory = await mkdtemp(join(tmpdir(), 'cachegate-statistics-'));
});
afterEach(async () => {
  await Promise.all(processes.map((each) => each.close()));
  processes = [];
  await rm(directory, { recursive: true, force: true });
});

function start(store: string): StatisticsProcess {
  const started = startStatisticsProcess({
    ...{ store, namespace: `n${namespace}`, statistics_storage: 'redis' },
    services: { api: { origin: originUrl } },
  });
  processes.push(started);
  return started;
}

const hitsAndMisses = ({ total_hits, total_misses }: Stats) => [total_hits, total_misses];

describe.each([
  ['Valkey', () => valkey.url, 'redis'],
  ['a folder', () => `lmdb:${directory}`, 'lmdb'],
])('statistics of several processes on %s', LONG, (_name, urlOf, kind) => {
  it('add up, and stand after all have ended', async () => {
    const [a, b] = [start(urlOf()), start(urlOf())];
    await Promise.all([a.values(6, 2), b.values(3, 1)]);
    const page = `${originUrl}/page?q=1`;
    await a.fetch(page);
    await b.fetch(`${originUrl}/other`);
    // Two pages and a value are stored, behind the answers.
    await expect.poll(async () => (await a.complete()).total_entries, PATIENT).toBe(3);
    await a.fetch(page);
    const expected = {
      ...{ enabled: true, storage_type: kind, statistics_storage: 'redis' },
      redis_url: kind === 'redis' ? valkey.url : null,
      ...{ hit_rate: 0.667, total_hits: 10, total_misses: 5, total_requests: 15, total_entries: 3 },
      per_service: {
        api: { hit_rate: 0.333, total_hits: 1, total_misses: 2 },
        values: { hit_rate: 0.75, total_hits: 9, total_misses: 3 },
      },
    };
    // Of the others it hears once they have told the store.
    await expect.poll(async () => hitsAndMisses(await a.complete()), PATIENT).toEqual([10, 5]);
    await expect.poll(async () => hitsAndMisses(await b.complete()), PATIENT).toEqual([10, 5]);
    const stats = await a.complete();
    expect(stats).toMatchObject(expected);
    // Twice 7,200 s and as long as a response may be used stale, and 3,600 s, less a moment.
    expect(stats.average_ttl_remaining).toBeGreaterThan(5_900);
    expect(stats.average_ttl_remaining).toBeLessThanOrEqual(6_040);
    expect(stats.sample).toMatchObject({ size: 3 });
    expect(hitsAndMisses(await b.stats())).toEqual([3, 2]);

    await Promise.all([a.close(), b.close()]);
    const again = start(urlOf());
    expect(hitsAndMisses(await again.complete())).toEqual([10, 5]);
    expect(await again.hottest(5)).toEqual([
      { service: 'api', target: '/page?q=1', requests: 2 },
      { service: 'api', target: '/other', requests: 1 },
    ]);
  });
});

describe('statistics of several processes', LONG, () => {
  it('lack no more than the last interval of one that was killed', async () => {
    const [a, b] = [start(valkey.url), start(valkey.url)];
    await a.values(100, 0);
    await expect.poll(async () => hitsAndMisses(await b.complete()), PATIENT).toEqual([100, 0]);
    await a.values(0, 7);
    await a.kill();
    const [hits, misses] = hitsAndMisses(await b.complete());
    expect(hits).toBe(100);
    expect(misses).toBeLessThanOrEqual(7);
    await b.values(1, 0);
    expect(hitsAndMisses(await b.complete())).toEqual([101, misses]);
  });
});

describe('statistics over a bad network', () => {
  let proxy: TcpProxy;
  let far: Cachegate;
  let near: Cachegate;
  beforeEach(async () => {
    proxy = await startTcpProxy(valkey);
    far = await open(proxy.url, { store_timeout_ms: 100 });
    near = await open(valkey.url);
  });
  afterEach(async () => {
    await Promise.all([far.close(), near.close()]);
    await proxy.close();
  });

  /** The parts of one process. */
  function open(store: string, more: object = {}): Promise<Cachegate> {
    const log = createLog({ level: 'minimal', destination: { write() {} } });
    const options = { store, namespace: `n${namespace}`, statistics_storage: 'redis', ...more } as const;
    return createCachegate(options, { env: {}, log });
  }

  async function miss({ cache }: Cachegate, times: number): Promise<void> {
    for (let i = 0; i < times; i += 1) await cache.get('absent');
  }

  const shared = async ({ getStatsAsync }: Cachegate) => (await getStatsAsync()) as Stats;

  it('count once what is sent again since the answer came too late', async () => {
    await miss(far, 2);
    await expect.poll(async () => (await shared(near)).total_misses, PATIENT).toBe(2);
    await miss(far, 5);
    // What is sent arrives; what is answered comes too late.
    proxy.delay(80);
    await far.statistics.flush();
    await expect.poll(async () => (await shared(near)).total_misses, PATIENT).toBe(7);
    await miss(far, 1);
    proxy.heal();
    await expect.poll(async () => (await shared(near)).total_misses, PATIENT).toBe(8);
    await far.close();
    expect(await shared(near)).toMatchObject({ total_misses: 8 });
  });

  it('go on while the store is away, and tell it all when it is back', async () => {
    await miss(far, 2);
    expect(await shared(far)).toMatchObject({ total_misses: 2 });
    proxy.refuse();
    await miss(far, 20);
    expect(await shared(far)).toMatchObject({ total_misses: 22 });
    proxy.heal();
    await expect.poll(async () => (await shared(near)).total_misses, PATIENT).toBe(22);
  });
});
