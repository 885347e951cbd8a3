import { Hono } from 'hono';
import { afterEach, expect, it } from 'vitest';
import type { Cachegate } from '../app/cachegate.ts';
import { createCachegate } from '../app/create-cachegate.ts';
import { createPlainLog } from '../serverless/plain-log.ts';
import { cachegateMiddleware, type HonoOptions, rateLimit } from './hono.ts';

let cachegate: Cachegate;
afterEach(() => cachegate.close());

/** The statuses of requests that say that they come of these clients, of whom each may ask once. */
async function statusesOf(clients: readonly string[], options?: HonoOptions): Promise<number[]> {
  cachegate = await createCachegate(
    {
      store: 'memory:',
      rate_limit: { limit: 1, window_seconds: 600 },
      trusted_proxies: ['10.0.0.0/8'],
    },
    { env: {}, log: createPlainLog({ level: 'minimal', write: () => {} }) },
  );
  const app = new Hono();
  app.use(cachegateMiddleware(cachegate, options));
  app.get('/', rateLimit, (c) => c.text('let in'));
  const statuses: number[] = [];
  for (const client of clients)
    statuses.push((await app.request('/', { headers: { 'X-Forwarded-For': client } })).status);
  return statuses;
}

const CLIENTS = ['203.0.113.1', '203.0.113.2', '203.0.113.1'];

it('believes nothing of whom nobody can tell', async () => {
  expect(await statusesOf(CLIENTS)).toEqual([200, 429, 429]);
});

it.each(['10.0.0.1', ''])('believes a proxy that is trusted, or on a Unix socket: %j', async (peer) => {
  expect(await statusesOf(CLIENTS, { peer: () => peer })).toEqual([200, 200, 429]);
});
