import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cachegate } from '../../src/app/cachegate.ts';
import { type CachegateOptions, createCachegate } from '../../src/app/create-cachegate.ts';
import { createLog } from '../../src/observe/log.ts';
import { type SimpleOrigin, startOrigin } from '../support/cached-fetch.ts';

// What an application's own batch has: warming by ids, limits of its origins, statistics.

let origin: SimpleOrigin;
let cachegate: Cachegate;
let records: { msg: string; warmId?: string }[];
/** Whether the origin leaves its clients without an answer. */
let isSilent: boolean;

beforeEach(async () => {
  records = [];
  isSilent = false;
  origin = await startOrigin((request, response) => {
    if (isSilent) return;
    response.writeHead(request.url === '/books/gone' ? 404 : 200).end(`about ${request.url}`);
  });
});
afterEach(async () => {
  await cachegate.close();
  await origin.close();
});

const KEPT = { force: true, ttl_seconds: 3_600, negative_ttl_seconds: { 404: 60 } };

async function start(service: object = { cache: KEPT }, options: CachegateOptions = {}) {
  const destination = { write: (line: string) => void records.push(JSON.parse(line) as never) };
  const log = createLog({ level: 'aggregate', destination });
  const services = { library: { origin: origin.url, ...service } };
  cachegate = await createCachegate({ services, ...options }, { env: {}, log });
}

async function summary(id: string, signal: AbortSignal) {
  const response = await cachegate.fetch(`${origin.url}/books/${id}`, { signal });
  const text = await response.text();
  if (!response.ok) throw new Error(`the origin answers ${response.status}`);
  await cachegate.cache.remember(`summary:${id}`, { ttlSeconds: 60 }, async () => text.toUpperCase());
}

describe('warming by ids', () => {
  it('asks for each once, and for none again', async () => {
    await start();
    const ids = [1, '1', 2, 'gone', '..', 3];
    const counts = { warmed_count: 3, failed_count: 2, total_requested: 5, duplicates: 1 };
    expect(await cachegate.warm(ids, summary)).toEqual(counts);
    expect(origin.asked.toSorted()).toEqual(['1', '2', '3', 'gone'].map((id) => `GET /books/${id}`));
    expect(await cachegate.warm(ids, summary)).toEqual(counts);
    expect(origin.asked).toHaveLength(4);
    expect(await cachegate.cache.get('summary:3')).toBe('ABOUT /BOOKS/3');
    const failed = records.filter(({ warmId }) => warmId !== undefined).map(({ msg }) => msg);
    expect(failed.slice(0, 2).toSorted()).toEqual([
      'Failed to warm cache for ..: the id is a dot segment',
      'Failed to warm cache for gone: the origin answers 404',
    ]);
  });

  it('ends when the application does', async () => {
    await start();
    isSilent = true;
    const warming = cachegate.warm([1, 2], summary, { concurrency: 1 });
    await expect.poll(() => origin.asked.length).toBeGreaterThan(0);
    await cachegate.close();
    expect(await warming).toMatchObject({ warmed_count: 0, failed_count: 0, total_requested: 2 });
  });
});

describe('the limit of an origin', () => {
  const rules = [{ limit: 2, window_seconds: 3_600 }];

  it('is kept, and told where nothing stored may stand in', async () => {
    await start({ cache: KEPT, origin_limit: { rules, wait_ms: 50 } });
    const counts = await cachegate.warm([1, 2, 3], summary, { concurrency: 1 });
    expect(counts).toMatchObject({ warmed_count: 2, failed_count: 1 });
    const refused = await cachegate.fetch(`${origin.url}/books/4`);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000);
    expect(refused.headers.get('cache-status')).toContain('detail=origin-budget');
    expect((await cachegate.fetch(`${origin.url}/books/1`)).headers.get('cache-status')).toContain('hit');
    expect(origin.asked).toEqual(['GET /books/1', 'GET /books/2']);
  });

  it('has stale responses stand in where they may', async () => {
    const cache = { ...KEPT, ttl_seconds: 0, stale_if_error_seconds: 60 };
    await start({ cache, origin_limit: { rules: [{ limit: 1, window_seconds: 3_600 }], wait_ms: 0 } });
    const ask = async () => (await cachegate.fetch(`${origin.url}/books/1`)).text();
    expect(await ask()).toBe('about /books/1');
    await expect.poll(ask).toBe('about /books/1');
    expect(origin.asked).toHaveLength(1);
  });

  it('holds for a service without a cache, too', async () => {
    await start({ cache: 'off', origin_limit: { rules, wait_ms: 0 } });
    const statuses = [];
    for (const id of [1, 1, 1]) statuses.push((await cachegate.fetch(`${origin.url}/books/${id}`)).status);
    expect(statuses).toEqual([200, 200, 503]);
  });
});

describe('statistics', () => {
  it('tell of fetch and of values', async () => {
    await start();
    for (let i = 0; i < 2; i += 1) await cachegate.warm([1, 2], summary);
    const half = { hit_rate: 0.5, total_hits: 2, total_misses: 2 };
    const counted = {
      enabled: true,
      hit_rate: 0.5,
      total_requests: 8,
      per_service: { library: half, values: half },
    };
    expect(cachegate.getStats()).toMatchObject(counted);
    expect(await cachegate.getStatsAsync()).toMatchObject({ ...counted, total_entries: 4 });
    expect(await cachegate.statistics.hottest(1)).toEqual([
      { service: 'library', target: expect.stringMatching(/^\/books\/[12]$/), requests: 2 },
    ]);
  });

  it('are off where they are to be', async () => {
    await start({}, { statistics_enabled: false });
    expect(cachegate.getStats()).toEqual({ enabled: false });
    expect(await cachegate.getStatsAsync()).toEqual({ enabled: false });
  });
});
