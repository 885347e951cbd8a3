import type { RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gateSchema } from '../../src/config/gate-schema.ts';
import type { Config } from '../../src/config/schema.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// What a request costs on the wire to the store: counted by a proxy between the gate and a real server.

let valkey: ValkeyServer;
let wire: TcpProxy;
let gate: RunningProxy | null = null;

beforeAll(async () => {
  valkey = await startValkeyServer();
  wire = await startTcpProxy(valkey);
});
afterEach(async () => {
  await gate?.close();
  gate = null;
});
afterAll(async () => {
  await wire.close();
  await valkey.stop();
});

const origin: RequestListener = (request, response) => {
  if (request.url?.startsWith('/authority')) return void response.writeHead(200).end();
  const vary = request.url === '/varying' ? { Vary: 'Accept-Language' } : {};
  response.writeHead(200, { 'Cache-Control': 'max-age=600', ...vary }).end('body');
};

/** A gate with a limit, sessions and a cache, all in the store behind the wire. */
async function startOn(
  nearCache: Config['near_cache'],
  strict: boolean,
  sharedBy: 'all' | 'role' | 'session' = 'all',
): Promise<RunningProxy> {
  const started = await startProxy(origin, (config) => {
    const service = config.services.default!;
    const limit = { limit: 1_000_000, window_seconds: 60 };
    const session = gateSchema.parse({
      // Asked as usual, whichever process asks where: its verdicts lie under the ids alone.
      ...{ authority: sharedBy === 'role' ? 'http' : 'wagtail', url: service.origin, path: '/authority' },
      ...{ header: 'X-Session', cache_ttl_seconds: 600 },
      ...(sharedBy === 'role' && { identity: { roles: 'header:X-Roles' } }),
    });
    const cache = { ...(service.cache as Exclude<typeof service.cache, 'off'>), shared_by: sharedBy };
    const rate_limit = { session: limit, address: 'off' as const, strict };
    return {
      ...config,
      store: wire.url,
      near_cache: nearCache,
      services: { default: { ...service, session, cache, rate_limit } },
    };
  });
  gate = started;
  return started;
}

async function ask(proxy: RunningProxy, path: string): Promise<string> {
  const response = await proxy.get(path, { 'X-Session': 'a-session', 'Accept-Language': 'de' });
  await response.text();
  expect(response.status).toBe(200);
  return response.headers.get('cache-status') ?? '';
}

interface Cost {
  readonly commands: number;
  readonly flights: number;
}

/** What the connection that carries reads, not the one that hears of changes, has sent for one request. */
async function costOf(proxy: RunningProxy, path: string): Promise<Cost> {
  const data = dataConnection();
  const { commands, flights } = data;
  expect(await ask(proxy, path)).toContain('hit');
  return { commands: data.commands - commands, flights: data.flights - flights };
}

function dataConnection() {
  const open = wire.connections.filter((connection) => connection.open);
  return open.find(({ names }) => names[0] === 'INFO')!;
}

/** The least of several: a heartbeat may come between, and adds to it. */
async function leastCost(measure: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let i = 0; i < 5; i++) costs.push(await measure());
  return costs.reduce((least, cost) => (cost.commands < least.commands ? cost : least));
}

async function warmed(proxy: RunningProxy, path: string): Promise<void> {
  await expect.poll(() => ask(proxy, path)).toContain('hit');
}

describe('a request that finds everything in the store', () => {
  it('costs one round trip for rate limit, session and response together', async () => {
    const proxy = await startOn('off', true);
    await warmed(proxy, '/plain');
    expect(await leastCost(() => costOf(proxy, '/plain'))).toEqual({ commands: 1, flights: 1 });
  });

  it.each([
    ['session', 1],
    // Which roles they are is read first.
    ['role', 2],
  ] as const)('costs, where responses are those of a %s, %i', async (sharedBy, trips) => {
    const proxy = await startOn('off', true, sharedBy);
    await warmed(proxy, '/plain');
    expect(await leastCost(() => costOf(proxy, '/plain'))).toEqual({ commands: trips, flights: trips });
  });

  it('costs two where the resource varies', async () => {
    const proxy = await startOn('off', true);
    await warmed(proxy, '/varying');
    expect(await leastCost(() => costOf(proxy, '/varying'))).toEqual({ commands: 2, flights: 2 });
  });

  it('costs none once this process has copies', async () => {
    const proxy = await startOn({ max_age_ms: 1_000 }, false);
    await warmed(proxy, '/plain');
    expect(await leastCost(() => costOf(proxy, '/plain'))).toEqual({ commands: 0, flights: 0 });
  });

  it.each([
    ['/plain', 1],
    ['/varying', 2],
  ])('costs a process without copies, for %s, as many: %i', async (path, trips) => {
    await warmed(await startOn({ max_age_ms: 1_000 }, false), path);
    const cost = await leastCost(async () => {
      await gate!.close();
      const cold = await startOn({ max_age_ms: 1_000 }, false);
      // With that it is sure that it hears of changes; what belongs to a start is behind it.
      await expect.poll(() => dataConnection().names.at(-1)).toMatch(/^EVAL/);
      return costOf(cold, path);
    });
    expect(cost).toEqual({ commands: trips, flights: trips });
  });
});
