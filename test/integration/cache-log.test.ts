import type { RequestListener } from 'node:http';
import pino from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { type ConfigInput, configSchema } from '../../src/config/schema.ts';
import { createLog, type Log } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import type { LogRecord } from '../support/gate.ts';
import { type NotingServer, startNotingServer } from '../support/gated-site.ts';

// The log of the cache as a server writes it: its texts and fields are what dashboards and log searches depend on.

let origin: NotingServer;
let server: RunningServer;
let records: LogRecord[];
afterEach(async () => {
  await server.close(1_000);
  await origin.close();
});

const fresh: RequestListener = (_, response) => {
  response.setHeader('Cache-Control', 'max-age=600').end('answer');
};

async function start(
  top: Omit<ConfigInput, 'services'>,
  listener: RequestListener = fresh,
  logOf = (destination: { write(line: string): void }): Log =>
    createLog({ level: top.logging_level ?? 'aggregate', destination }),
): Promise<void> {
  origin = await startNotingServer(listener);
  records = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line) as LogRecord) };
  server = await startServer(configOf(top), { env: {}, log: logOf(destination) });
}

function configOf(top: Omit<ConfigInput, 'services'>) {
  return configSchema.parse({
    ...{ listen: '127.0.0.1:0', admin_listen: 'off', ...top },
    services: {
      api: { path: '/api', origin: origin.url },
      raw: { path: '/raw', origin: origin.url, cache: 'off' },
    },
  });
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const HEADERS = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, 'x-request-id': 'from-the-caller' };

async function ask(path: string, headers: Record<string, string> = HEADERS): Promise<void> {
  await (await fetch(server.url + path, { headers })).text();
}

const logged = (text: string) => records.filter(({ msg }) => msg.startsWith(text));

const KEY = expect.stringMatching(/^response:\{api:[\w-]{22}\}$/);
const MS = expect.any(Number);

describe('where all is logged', () => {
  it('a miss, then a hit, with all their fields', async () => {
    await start({ logging_level: 'detailed', log_ttl_info: true });
    await ask('/api/a?secret=1');
    await expect.poll(() => logged('Cache miss for api')).toHaveLength(1);
    await ask('/api/a?secret=1');
    const common = {
      ...{ level: 30, time: MS, pid: process.pid, hostname: expect.any(String), name: 'cachegate' },
      ...{ service: 'api', cache_key: KEY, cache_lookup_time_ms: MS, correlationId: TRACE },
      ...{
        expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        refresh_status: 'fresh',
      },
    };
    expect(logged('Cache miss for api')[0]).toEqual({
      ...common,
      msg: 'Cache miss for api',
      cache_operation: 'miss',
      ttl_remaining: expect.toSatisfy((ttl: number) => ttl > 590 && ttl <= 600),
      backend_request_time_ms: MS,
      cache_save_time_ms: MS,
      fwd: 'uri-miss',
    });
    expect(logged('Cache hit for api')[0]).toEqual({
      ...common,
      msg: 'Cache hit for api',
      cache_operation: 'hit',
      ttl_remaining: expect.toSatisfy((ttl: number) => ttl > 590 && ttl <= 600),
    });
    const expiry = Date.parse(logged('Cache hit for api')[0]!.expires_at as string) - Date.now();
    expect(expiry).toBeGreaterThan(590_000);
    expect(expiry).toBeLessThanOrEqual(600_000);
    expect(JSON.stringify(records)).not.toContain('secret');
    expect(origin.asked[0]!.headers).toMatchObject(HEADERS);
  });

  it('a line for each operation', async () => {
    await start({ logging_level: 'detailed' });
    await ask('/api/a');
    await expect.poll(() => logged("Cache operation 'save'")).toHaveLength(1);
    await ask('/api/a');
    const lines = logged('Cache operation');
    expect(lines.map(({ cache_operation_type }) => cache_operation_type)).toEqual([
      ...['lookup', 'backend_request', 'save', 'lookup'],
    ]);
    for (const { msg, cache_operation_type, duration_ms, level, service, correlationId } of lines) {
      expect(msg).toMatch(/^Cache operation '\w+' took \d+\.\d\dms$/);
      expect(Number(/[\d.]+(?=ms$)/.exec(msg)![0])).toBeCloseTo(duration_ms as number, 1);
      expect(msg).toContain(`'${cache_operation_type}'`);
      expect({ level, service, correlationId }).toEqual({ level: 30, service: 'api', correlationId: TRACE });
    }
  });

  it('a response that is not stored has no time to live, and a failing origin is a miss', async () => {
    await start({ logging_level: 'detailed', log_ttl_info: true }, (request, response) => {
      if (request.url === '/gone') request.socket.destroy();
      else response.setHeader('Cache-Control', 'no-store').end('answer');
    });
    await ask('/api/a');
    await ask('/api/gone');
    await expect.poll(() => logged('Cache miss for api')).toHaveLength(2);
    for (const record of logged('Cache miss for api'))
      expect(record).toMatchObject({
        ...{ ttl_remaining: null, cache_save_time_ms: null, expires_at: null, refresh_status: null },
        backend_request_time_ms: MS,
      });
    expect(logged('Origin failed for api')[0]).toMatchObject({
      level: 50,
      correlationId: TRACE,
      err: { code: 'ERR_ORIGIN_PROTOCOL' },
    });
  });

  it('a stale response is told as such, and its validation behind the answer is timed', async () => {
    const fields = { 'Cache-Control': 'max-age=0, stale-while-revalidate=600', ETag: '"1"' };
    await start({ logging_level: 'detailed', log_ttl_info: true }, (request, response) => {
      if (request.headers['if-none-match'] === undefined) response.writeHead(200, fields).end('answer');
      else response.writeHead(304, fields).end();
    });
    await ask('/api/a');
    await expect.poll(() => logged('Cache miss for api')).toHaveLength(1);
    await ask('/api/a');
    await expect.poll(() => logged("Cache operation 'save'")).toHaveLength(2);
    expect(logged('Cache hit for api')[0]).toMatchObject({ refresh_status: 'stale' });
    expect(logged("Cache operation 'backend_request'")).toHaveLength(2);
  });
});

describe('where sums are logged', () => {
  it('150 requests at interval 100 give one summary, with the means of its requests', async () => {
    await start({ aggregate_log_interval: 100 });
    for (let i = 0; i < 50; i++) await ask(`/api/${i}`);
    for (let i = 0; i < 100; i++) await ask(`/api/${i % 50}`);
    for (let i = 0; i < 10; i++) await ask('/raw/a');
    const summaries = records.filter(({ log_type }) => log_type === 'aggregate_cache_stats');
    expect(summaries).toMatchObject([
      {
        level: 30,
        msg: 'Aggregate cache stats: 50.00% hit rate',
        total_requests: 100,
        hit_rate: 0.5,
        total_hits: 50,
        total_misses: 50,
        services: { api: { hit_rate: 0.5, total_hits: 50, total_misses: 50 } },
      },
    ]);
    const times = logged('Cache operation');
    expect(times.map(({ cache_operation_type, operations }) => [cache_operation_type, operations])).toEqual([
      ...[
        ['lookup', 100],
        ['backend_request', 50],
        ['save', 50],
      ],
    ]);
    expect(logged('Cache hit')).toEqual([]);
  });

  it('a log of the application’s that shows debug records shows each request', async () => {
    await start({}, fresh, (destination) => pino({ level: 'debug' }, destination));
    await ask('/api/a');
    await expect.poll(() => logged('Cache miss for api')).toHaveLength(1);
    await ask('/api/a');
    expect(logged('Cache ').map(({ level, msg }) => [level, msg])).toEqual([
      [20, 'Cache miss for api'],
      [20, 'Cache hit for api'],
    ]);
  });
});

describe('where another configuration is taken on', () => {
  const reload = (top: Omit<ConfigInput, 'services'>) => server.reload(configOf(top));

  it('its level holds from then on, and all since the start is in the totals', async () => {
    const top = { aggregate_log_interval: 2 } as const;
    await start({ ...top, logging_level: 'minimal' });
    for (let i = 0; i < 3; i++) await ask('/api/a');
    expect(records).toEqual([]);
    await reload({ ...top, logging_level: 'aggregate' });
    for (let i = 0; i < 2; i++) await ask('/api/a');
    expect(logged('Aggregate cache stats')).toMatchObject([{ total_requests: 5, total_hits: 4 }]);
    records.splice(0);
    await reload({ ...top, logging_level: 'minimal' });
    for (let i = 0; i < 4; i++) await ask('/api/a');
    expect(records).toEqual([]);
  });

  it('a log that was made to show less shows that until then', async () => {
    const quiet = (destination: { write(line: string): void }) =>
      createLog({ level: 'minimal', destination });
    await start({ logging_level: 'aggregate' }, fresh, quiet);
    await ask('/api/a');
    expect(records).toEqual([]);
  });

  it('a summary is due after as many requests as before', async () => {
    await start({});
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 40; j++) await ask('/api/a');
      await reload({});
    }
    expect(logged('Aggregate cache stats')).toMatchObject([{ total_requests: 100 }]);
  });
});

it('what no cache could have answered is no miss when its origin fails, either', async () => {
  await start({ logging_level: 'detailed' }, (request) => void request.socket.destroy());
  const asked = [
    ['GET', '/api/a', 'cachegate; fwd=miss; detail=ERR_ORIGIN_PROTOCOL'],
    ['POST', '/api/a', 'cachegate; fwd=method; detail=ERR_ORIGIN_PROTOCOL'],
    ['GET', '/raw/a', 'cachegate; fwd=bypass; detail=ERR_ORIGIN_PROTOCOL'],
  ] as const;
  for (const [method, path, status] of asked) {
    const answer = await fetch(server.url + path, { method });
    expect([answer.status, answer.headers.get('cache-status')]).toEqual([502, status]);
  }
  expect(logged('Cache miss').map(({ msg, fwd }) => [msg, fwd])).toEqual([['Cache miss for api', 'miss']]);
});

describe('where only errors and changes are logged', () => {
  it('nothing is said of requests, even where the log would show it', async () => {
    const minimal = { logging_level: 'minimal', aggregate_log_interval: 1 } as const;
    await start(minimal, fresh, (destination) => pino({ level: 'trace' }, destination));
    await ask('/api/a');
    await ask('/api/a');
    expect(records.filter(({ msg }) => /cache|Aggregate/i.test(msg))).toEqual([]);
  });
});
