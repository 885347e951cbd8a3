import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type RequestListener, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { createCachegate } from '../../src/app/create-cachegate.ts';
import type { Config } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { type FleetOrigin, startFleetOrigin } from '../fleet/fleet-origin.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { untilSo } from '../support/server-process.ts';
import { type RunningCommand, startCommand } from '../support/source-command.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

type Service = Config['services'][string];

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What is stored behind an answer is there soon after it. */
const soon = (seen: () => Promise<void>) => vi.waitFor(seen, { timeout: 10_000, interval: 10 });

const anHour = (limit: number) => [{ limit, window_seconds: 3_600 }];

/** An origin that may be asked so often in an hour, behind a gate where nobody waits unless it is said. */
async function start(
  limit: number,
  origin: RequestListener,
  change: Partial<Service> = {},
  wait_ms = 0,
): Promise<RunningProxy> {
  const proxy = await startProxy(origin, (config) => ({
    ...config,
    services: {
      default: { ...config.services.default!, origin_limit: { rules: anHour(limit), wait_ms }, ...change },
    },
  }));
  closing.push(proxy.close);
  return proxy;
}

const fresh: RequestListener = (_request, response) =>
  void response.writeHead(200, { 'Cache-Control': 'max-age=600' }).end('fresh');

/** What a client is told where nothing may stand in. */
async function expectRefused(answer: Response): Promise<void> {
  expect(answer.status).toBe(503);
  expect(answer.headers.get('cache-status')).toBe('cachegate; detail=origin-budget');
  const seconds = Number(answer.headers.get('retry-after'));
  expect(Number.isInteger(seconds) && seconds > 0 && seconds <= 3_601).toBe(true);
  expect(await answer.json()).toEqual({ error: 'The origin may not be asked more often now' });
}

describe('an origin with a budget', () => {
  it('is asked no more often, and hits cost nothing', async () => {
    const { get, asked } = await start(2, fresh);
    for (const path of ['/a', '/b']) expect((await get(path)).status).toBe(200);
    await expectRefused(await get('/c'));
    for (const path of ['/a', '/b', '/a']) {
      expect((await get(path)).headers.get('cache-status')).toMatch(/^cachegate; hit/);
    }
    expect(asked).toEqual(['GET /a', 'GET /b']);
  });

  it('is asked once for all who ask for the same', async () => {
    const slow: RequestListener = (request, response) => void setTimeout(fresh, 100, request, response);
    const { get, asked } = await start(1, slow);
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/a')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(asked).toHaveLength(1);
  });

  it('is waited for by all of them together', async () => {
    const { get, asked } = await start(1, fresh, {}, 150);
    await get('/a');
    const answers = await Promise.all(Array.from({ length: 5 }, () => get('/b')));
    for (const answer of answers) await expectRefused(answer);
    // They have not found out that the answer is for each alone.
    expect(asked).toEqual(['GET /a']);
  });

  it.each(['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])('costs a %s one request too', async (method) => {
    const { url, asked } = await start(1, (_request, response) => void response.end());
    const ask = () => fetch(url, { method });
    expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(503);
    expect(asked).toEqual([`${method} /`]);
  });

  it('of which nothing is cached has it all the same', async () => {
    const { get } = await start(1, fresh, { cache: 'off' });
    expect((await get()).status).toBe(200);
    await expectRefused(await get());
  });

  it('is asked by a transform as often as it may be', async () => {
    const { get, asked } = await start(3, fresh, {
      transform: {
        options: {},
        response: async (first, { fetch }) => {
          const second = await fetch('/second');
          return { status: 200, body: (await first.text()) + (await second.text()) };
        },
      },
    });
    expect(await (await get('/a')).text()).toBe('freshfresh');
    await expectRefused(await get('/b'));
    expect(asked).toEqual(['GET /a', 'GET /second', 'GET /b']);
  });

  it('is not asked to change the protocol more often', async () => {
    const { url, asked } = await start(1, (_request, response) => void response.end('no'), {
      upgrade: ['websocket'],
    });
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
    const ask = () =>
      new Promise<number>((resolve) => {
        request(url, { headers }, (response) => resolve(response.resume().statusCode!)).end();
      });
    expect(await ask()).toBe(200);
    expect(await ask()).toBe(503);
    expect(asked).toHaveLength(1);
  });
});

describe('with a spent budget', () => {
  const stale =
    (control: string): RequestListener =>
    (_request, response) =>
      void response.writeHead(200, { 'Cache-Control': control, Age: '61', ETag: '"1"' }).end('stale');

  it.each([
    ['stale-if-error (RFC 5861 §4)', 'max-age=60, stale-if-error=600', 0],
    ['a disconnected cache’s window (RFC 9111 §4.2.4)', 'max-age=60', 60],
  ])('a stale response is given, within %s', async (_name, control, seconds) => {
    const { get, asked } = await start(1, stale(control), {
      cache: { ...(await defaults()), stale_if_disconnected_seconds: seconds },
    });
    await get();
    await soon(async () => {
      const answer = await get();
      expect([answer.status, await answer.text()]).toEqual([200, 'stale']);
      expect(answer.headers.get('cache-status')).toMatch(/^cachegate; hit; ttl=-\d/);
    });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['must-revalidate', 'max-age=60, stale-if-error=600, must-revalidate', {}],
    ['the request’s no-cache', 'max-age=60, stale-if-error=600', { 'Cache-Control': 'no-cache' }],
  ])('none is given against %s', async (_name, control, fields) => {
    const { get } = await start(1, stale(control));
    await get();
    await expectRefused(await get('/', fields));
  });

  it('a validation behind an answer is left out until there is some again', async () => {
    const { get, asked } = await start(1, stale('max-age=60, stale-while-revalidate=600'), {}, 5_000);
    await get();
    const expectStale = async () =>
      expect((await get()).headers.get('cache-status')).toMatch(/^cachegate; hit; ttl=-/);
    await soon(expectStale);
    for (let i = 0; i < 5; i++) await expectStale();
    expect(asked).toHaveLength(1);
  });
});

async function defaults() {
  let cache: Exclude<Service['cache'], 'off'> | undefined;
  const proxy = await startProxy(fresh, (config) => {
    cache = config.services.default!.cache as Exclude<Service['cache'], 'off'>;
    return config;
  });
  await proxy.close();
  return cache!;
}

describe('an application’s fetch', () => {
  it('keeps the budget, with a gate that shares it', async () => {
    const origin = await startFleetOrigin(1, () => ({ fields: { 'Cache-Control': 'max-age=600' } }));
    closing.push(origin.close);
    const parts = await createCachegate(
      {
        logging_level: 'minimal',
        services: {
          api: { origin: origin.urls[0]!, origin_limit: { rules: anHour(2), wait_ms: 0 } },
          raw: {
            origin: `${origin.urls[0]!}/raw`,
            cache: 'off',
            origin_limit: { rules: anHour(1), wait_ms: 0 },
          },
        },
      },
      { env: {}, log: createLog({ level: 'minimal', destination: { write: () => {} } }) },
    );
    closing.push(parts.close);
    const ask = (path: string, init?: RequestInit) => parts.fetch(origin.urls[0]! + path, init);
    expect(await (await ask('/a')).text()).toBe('/a 0');
    expect(await (await ask('/b', { cache: 'no-store' } as RequestInit)).text()).toBe('/b 0');
    await expectRefused(await ask('/c'));
    await expectRefused(await ask('/c', { method: 'POST', body: 'x' }));
    expect(await (await ask('/a')).text()).toBe('/a 0');
    // What the cache can't vouch for goes straight on, and counts.
    await expect(ask('/d', { integrity: 'sha256-x' })).rejects.toMatchObject({
      cause: { code: 'ERR_ORIGIN_BUDGET' },
    });
    expect(await (await ask('/raw/a')).text()).toBe('/raw/a 0');
    await expectRefused(await ask('/raw/b'));
    expect(['/c', '/d', '/raw/b'].flatMap((path) => origin.asked(path))).toEqual([]);
  });
});

describe('four processes on one store', () => {
  const PROCESSES = 4;
  const START_MS = 90_000;
  const ending: (() => Promise<unknown>)[] = [];
  let origin: FleetOrigin;
  let urls: string[];

  beforeAll(async () => {
    origin = await startFleetOrigin(1, () => ({ fields: { 'Cache-Control': 'no-store' } }));
    ending.push(origin.close);
    const valkey = await startValkeyServer();
    ending.push(valkey.stop);
    const dir = await mkdtemp(join(tmpdir(), 'cachegate-budget-'));
    ending.push(() => rm(dir, { recursive: true }));
    const file = join(dir, 'cachegate.yaml');
    const serviceAt = (path: string, rules: object[], wait_ms: number) => ({
      ...{ path, strip_path: false, origin: origin.urls[0]!, origin_limit: { rules, wait_ms } },
    });
    const services = {
      hourly: serviceAt('/hourly', anHour(12), 0),
      waiting: serviceAt('/waiting', [{ limit: 3, window_seconds: 1 }], 20_000),
    };
    await writeFile(
      file,
      stringify({ listen: '127.0.0.1:0', admin_listen: 'off', store: valkey.url, services }),
    );
    const gates = Array.from({ length: PROCESSES }, () => startCommand(['serve', '--config', file]));
    for (const gate of gates) {
      ending.push(() => {
        gate.signal('SIGKILL');
        return gate.ended;
      });
    }
    const urlOf = (gate: RunningCommand) => /Listening on (http:[^"]*)/.exec(gate.output())?.[1];
    const serve = async () => gates.every((gate) => urlOf(gate) !== undefined);
    await untilSo('all serve', serve, { deadlineMs: START_MS });
    urls = gates.map((gate) => urlOf(gate)!);
  }, START_MS);
  afterAll(async () => {
    for (const end of ending.reverse()) await end();
  });

  it('ask the origin as often as it may be asked in all, and others are told when to come', async () => {
    const asking = Array.from({ length: 60 }, (_, i) => fetch(`${urls[i % PROCESSES]}/hourly/x`));
    const answers = await Promise.all(asking);
    const refused = answers.filter(({ status }) => status === 503);
    expect(origin.asked('/hourly/x')).toHaveLength(12);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(12);
    expect(refused).toHaveLength(48);
    for (const answer of refused) await expectRefused(answer);
  });

  it('wait for it, and all come to it', async () => {
    const targets = Array.from({ length: 12 }, (_, i) => `/waiting/${i}`);
    const answers = await Promise.all(targets.map((target, i) => fetch(urls[i % PROCESSES]! + target)));
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    const at = targets.map((target) => origin.asked(target)[0]!.at).sort((a, b) => a - b);
    // Without a budget it would be a moment; the machine may be busy.
    expect(at.at(-1)! - at[0]!).toBeGreaterThan(2_500);
  }, 40_000);
});
