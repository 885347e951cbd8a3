import { Redis } from 'iovalkey';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createLimiter, type Limiter } from '../../src/rate-limit/limiter.ts';
import { createLocalWindows } from '../../src/store/local-windows.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { untilSo } from '../support/server-process.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const RULE = { limit: 1_000, windowMs: 60_000 };
const KEYS = Array.from({ length: 20 }, (_, i) => `ratelimit:${i}`);

let server: ValkeyServer;
let admin: Redis;
const stores: Store[] = [];

beforeAll(async () => {
  server = await startValkeyServer();
  admin = new Redis(server.url);
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  admin.disconnect();
  await server.stop();
});

async function openLimiter(): Promise<Limiter> {
  const store = createValkeyStore({ url: server.url, tracking: 'off' });
  stores.push(store);
  await store.ping();
  return createLimiter({
    limit: { name: 'session', rule: RULE },
    store,
    local: createLocalWindows(),
    clock: systemClock,
    settles: true,
    onStoreFailure: (error) => expect.unreachable(error.message),
  });
}

const request = { correlationId: () => 'r1' };
const remaining = async (key: string) => {
  const taken = await (await openLimiter()).take(key, request);
  return taken.rules[0]!.remaining;
};

async function commands(): Promise<number> {
  const calls = /cmdstat_evalsha:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1];
  return Number(calls ?? 0);
}

it('many requests of many keys cost few commands, and all are counted', async () => {
  const limiter = await openLimiter();
  await Promise.all(KEYS.map((key) => limiter.take(key, request)));
  const before = await commands();
  for (let i = 0; i < 300; i += 1) for (const key of KEYS) await limiter.take(key, request);
  await limiter.settle();
  // 6,000 requests; a slow machine settles more often.
  expect((await commands()) - before).toBeLessThan(200);
  expect(await remaining(KEYS[3]!)).toBe(RULE.limit - 302);
});

it('what one process lets in, another knows soon', async () => {
  const [one, two] = [await openLimiter(), await openLimiter()];
  const key = 'ratelimit:shared';
  await Promise.all([one.take(key, request), two.take(key, request)]);
  for (let i = 0; i < 500; i += 1) await one.take(key, request);
  await untilSo('It is known', async () => {
    const taken = await two.take(key, request);
    return taken.rules[0]!.remaining < RULE.limit - 500;
  });
});
