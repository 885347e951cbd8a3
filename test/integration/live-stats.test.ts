import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// `GET /stats` of running servers after a load of which every request is known.

const SOON = { timeout: 10_000 };
const log = createLog({ level: 'minimal', destination: { write() {} } });

let origin: Server;
let servers: RunningServer[];

beforeEach(async () => {
  servers = [];
  origin = createServer((request, response) => {
    response.setHeader('Cache-Control', request.url!.startsWith('/none') ? 'no-store' : 'max-age=7200');
    response.end('x'.repeat(1_000));
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close(1_000)));
  origin.close();
});

async function start(more: object = {}): Promise<RunningServer> {
  const target = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const config = configSchema.parse({
    ...{ listen: '127.0.0.1:0', admin_listen: '127.0.0.1:0', logging_level: 'minimal' },
    services: {
      anime: { path: '/anime', origin: target },
      manga: { path: '/manga', origin: target },
    },
    ...more,
  });
  const server = await startServer(config, { env: {}, log });
  servers.push(server);
  return server;
}

async function ask(server: RunningServer, path: string): Promise<void> {
  const response = await fetch(server.url + path);
  await response.arrayBuffer();
}

/** Five misses, ten hits; and requests that are neither. */
async function load(server: RunningServer): Promise<void> {
  for (const path of ['/anime/1', '/anime/2', '/anime/3', '/manga/1']) await ask(server, path);
  await ask(server, '/anime/none');
  await expect.poll(async () => (await stats(server)).total_entries, SOON).toBe(4);
  for (let i = 0; i < 8; i++) await ask(server, `/anime/${1 + (i % 3)}`);
  for (let i = 0; i < 2; i++) await ask(server, '/manga/1');
  await fetch(`${server.url}/anime/1`, { method: 'POST' });
  await fetch(`${server.url}/nobody`);
}

async function stats(server: RunningServer) {
  const response = await fetch(`${server.adminUrl}/stats`);
  expect(response.headers.get('content-type')).toContain('application/json');
  return (await response.json()) as Record<string, unknown>;
}

const LOADED = {
  enabled: true,
  hit_rate: 0.667,
  total_hits: 10,
  total_misses: 5,
  total_requests: 15,
  per_service: {
    anime: { hit_rate: 0.667, total_hits: 8, total_misses: 4 },
    manga: { hit_rate: 0.667, total_hits: 2, total_misses: 1 },
  },
};

it('has exact counts of its own process', async () => {
  const server = await start();
  await load(server);
  // The POST has made one of the four invalid; what is held is looked at once a second.
  await expect.poll(async () => (await stats(server)).total_entries, SOON).toBe(3);
  const told = await stats(server);
  expect(told).toMatchObject({ ...LOADED, storage_type: 'memory', redis_url: null });
  expect(told.average_ttl_remaining).toBeGreaterThan(7_100);
  expect(told.average_ttl_remaining_hours).toBeCloseTo(2, 1);
  expect(told.cache_size_bytes).toBeGreaterThan(3_000);
  expect(told.cache_size_mb).toBe(0);
});

it('says so where it is off', async () => {
  const server = await start({ statistics_enabled: false });
  expect(await stats(server)).toEqual({ enabled: false });
});

describe('shared statistics', () => {
  let valkey: ValkeyServer;
  const shared = () => ({
    store: `redis://user:secret@127.0.0.1:${valkey.port}`,
    statistics_storage: 'redis',
  });

  beforeEach(async () => {
    valkey = await startValkeyServer({ users: ['user on >secret ~* &* +@all'] });
  });
  afterEach(() => valkey.stop());

  it('add up over processes, and stay over a restart', async () => {
    const first = await start(shared());
    await load(first);
    expect(await stats(first)).toMatchObject({
      ...LOADED,
      storage_type: 'redis',
      statistics_storage: 'redis',
      redis_url: `redis://127.0.0.1:${valkey.port}`,
    });
    const second = await start(shared());
    await ask(second, '/anime/2');
    await ask(second, '/manga/2');
    for (const server of [second, first]) {
      await expect
        .poll(() => stats(server), SOON)
        .toMatchObject({ hit_rate: 0.647, total_hits: 11, total_misses: 6, total_requests: 17 });
    }
    await first.close();
    const again = await start(shared());
    expect(await stats(again)).toMatchObject({ total_hits: 11, total_misses: 6 });
  });
});
