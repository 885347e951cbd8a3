import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGate } from '../../src/frameworks/web.ts';
import type { GateOptions } from '../../src/serverless/create-gate.ts';
import { createPlainLog } from '../../src/serverless/plain-log.ts';
import { compiledConfig } from '../support/function-gate.ts';
import { eventually } from '../support/raw-origin.ts';

// What clients, origins and platforms can do to a gate in a function.

let origin: Server;
let env: Record<string, string>;
beforeAll(async () => {
  origin = createServer((request, response) => {
    if (request.url === '/odd') response.writeHead(600).end('odd');
    else if (request.url !== '/silent') response.end('answered');
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  env = { WAGTAIL_API_URL: url, AIRTABLE_API_KEY: 'key', AIRTABLE_BASE_ID: 'app1', AIRTABLE_TABLE_NAME: 't' };
  Object.assign(env, { AIRTABLE_ORIGIN: url, PLAIN_ORIGIN: url, AWAY_ORIGIN: url });
});
afterAll(async () => {
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

type Fields = Record<string, unknown>;

async function open(changes: Fields, ofPlain: Fields = {}, options: Partial<GateOptions> = {}) {
  const { config, ...compiled } = await compiledConfig();
  const services = config.services as Record<string, Fields>;
  const changed = {
    ...config,
    ...changes,
    services: { ...services, plain: { ...services.plain, ...ofPlain } },
  };
  const log = createPlainLog({ level: 'minimal', write: () => {} });
  return createGate({ ...compiled, config: changed }, { env, log, ...options });
}

const asking = (path: string, init?: RequestInit) => new Request(`https://gate.test/plain${path}`, init);

describe('a client whose address nobody says', () => {
  const claimed = (last: number) => ({ headers: { 'X-Forwarded-For': `203.0.113.${last}` } });

  it('is not let in to purge by one that it claims', async () => {
    const purge = { addresses: ['203.0.113.0/24'] };
    const gate = await open({ trusted_proxies: ['10.0.0.0/8'], purge });
    const request = (path: string) => asking(path, { method: 'PURGE', ...claimed(7) });
    expect((await gate.fetch(request('/a'))).status).toBe(403);
    expect((await gate.fetch(request('/a'), { peer: '192.0.2.1:4567' })).status).toBe(403);
    expect((await gate.fetch(request('/a'), { peer: '10.0.0.1' })).status).toBe(200);
  });

  it('has no limit of its own for each that it claims', async () => {
    const rule = { limit: 2, window_seconds: 60 };
    const limits = { rate_limit: { address: rule, session: 'off', strict: false } };
    const gate = await open({ trusted_proxies: ['10.0.0.0/8'] }, limits);
    const statuses: number[] = [];
    for (const last of [1, 2, 3]) statuses.push((await gate.fetch(asking('/a', claimed(last)))).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('an upload without end', () => {
  it('is let go of once its origin is late', async () => {
    const timeouts = {
      connect_ms: 100,
      headers_ms: 100,
      body_ms: 10_000,
      stall_ms: 10_000,
      collapse_ms: 100,
    };
    const gate = await open({}, { timeouts });
    let isLeft = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        // Nobody else gets a turn while such a stream is read.
        if (!isLeft) controller.enqueue(new Uint8Array(65_536));
      },
      cancel() {
        isLeft = true;
      },
    });
    const response = await gate.fetch(
      asking('/silent', { method: 'POST', body, duplex: 'half' } as RequestInit),
    );
    expect(response.status).toBe(504);
    await eventually(() => isLeft);
  });
});

describe('an origin’s status that no Response can have', () => {
  it('is an answer that could not be read', async () => {
    const response = await (await open({})).fetch(asking('/odd'));
    expect(response.status).toBe(502);
    expect(response.headers.get('cache-status')).toContain('ERR_ORIGIN_PROTOCOL');
  });
});

describe('a platform', () => {
  it.each<[string, () => void]>([
    [
      'at once',
      () => {
        throw new Error('no');
      },
    ],
    ['later', () => Promise.reject(new Error('no')) as never],
  ])('that refuses what follows an answer, %s, is answered all the same', async (_, waitUntil) => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      let asked = 0;
      const gate = await open(
        {},
        {},
        {
          waitUntil: () => {
            asked += 1;
            return waitUntil();
          },
        },
      );
      const response = await gate.fetch(asking('/late'));
      expect(await response.text()).toBe('answered');
      await eventually(() => asked > 0);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('that only imports the function has nothing opened, read or thrown', () => {
    const untouchable = new Proxy({}, { get: () => expect.fail('read'), ownKeys: () => expect.fail('read') });
    expect(() => createGate(untouchable as never, { env: untouchable }).handlers.GET).not.toThrow();
  });
});
