import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type CountingOrigin, type OriginAnswer, startCountingOrigin } from '../support/counting-origin.ts';
import { startKvRestFront } from '../support/kv-rest-front.ts';
import { startValkeyCluster } from '../support/valkey-cluster.ts';
import { startValkeyServer } from '../support/valkey-server.ts';
import { startWarmProcess, type WarmProcess } from '../support/warm-process.ts';
import type { WarmStorePlace } from '../support/warm-program.ts';

// Jobs of several processes on real stores, and an origin that counts.

const PATIENT = { timeout: 40_000 };
const TIMING = { leaseMs: 1_000, lookMs: 50, searchMs: 250, retryMs: 10, graceMs: 1_000 };
const CONCURRENCY = 8;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function origin(delayMs: number, answer?: OriginAnswer): Promise<CountingOrigin> {
  const started = await startCountingOrigin(delayMs, answer);
  closing.push(started.close);
  return started;
}

function startProcess(store: WarmStorePlace, { url: originUrl }: CountingOrigin): WarmProcess {
  const started = startWarmProcess({ store, originUrl, timing: TIMING });
  closing.push(() => started.kill('SIGKILL'));
  return started;
}

async function valkey() {
  const server = await startValkeyServer();
  closing.push(server.stop);
  return { server, place: { kind: 'redis', url: server.url } as const };
}

const PLACES: Record<string, () => Promise<WarmStorePlace>> = {
  async lmdb() {
    const path = mkdtempSync(join(tmpdir(), 'cachegate-warming-'));
    closing.push(() => rmSync(path, { recursive: true, force: true }));
    return { kind: 'lmdb', path };
  },
  Valkey: async () => (await valkey()).place,
};

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
/** How many fetches were of something that had been fetched before. */
const again = ({ asked, counts }: CountingOrigin) => asked() - counts.size;

describe.each(Object.entries(PLACES))('warming on %s', (_name, open) => {
  it('goes on after its process was killed, with exact counts', PATIENT, async () => {
    const place = await open();
    const site = await origin(5, (request, response) => {
      response.statusCode = Number(request.url!.slice(5)) % 10 === 0 ? 404 : 200;
      response.end();
    });
    const first = startProcess(place, site);
    const { id } = await first.start({ ids: [...numbers(600), 'a/b', 7, null] });
    await expect.poll(site.asked, { timeout: 20_000, interval: 2 }).toBeGreaterThan(200);
    await first.kill('SIGKILL');
    const before = site.asked();
    expect(before).toBeLessThan(600);
    const second = startProcess(place, site);
    expect(await second.ended(id)).toMatchObject({
      ...{ state: 'done', warmed_count: 540, failed_count: 62, total_requested: 602, duplicates: 1 },
      failures: { length: 20 },
    });
    expect(site.counts.size).toBe(600);
    expect(again(site)).toBeLessThanOrEqual(CONCURRENCY);
    expect(site.most()).toBeLessThanOrEqual(2 * CONCURRENCY);
    expect(second.told).toEqual(['done']);
  });

  it('goes on elsewhere when its process stops, and nothing is fetched twice', PATIENT, async () => {
    const place = await open();
    const site = await origin(5);
    const [first, second] = [startProcess(place, site), startProcess(place, site)];
    const { id } = await first.start({ ids: numbers(600) });
    await expect.poll(site.asked, { timeout: 20_000, interval: 2 }).toBeGreaterThan(100);
    await first.close();
    expect(await second.ended(id)).toMatchObject({ state: 'done', warmed_count: 600 });
    expect([site.counts.size, site.asked()]).toEqual([600, 600]);
  });

  it('is reported and cancelled by any process', PATIENT, async () => {
    const place = await open();
    const site = await origin(5);
    const [first, second] = [startProcess(place, site), startProcess(place, site)];
    const { id } = await first.start({ ids: numbers(5_000) });
    await expect
      .poll(async () => (await second.report(id))?.warmed_count ?? 0, { timeout: 20_000 })
      .toBeGreaterThan(50);
    expect(await second.report(id)).toMatchObject({ state: 'running', total_requested: 5_000 });
    const report = await second.cancel(id);
    expect(report).toMatchObject({ state: 'cancelled', failed_count: 0, seconds_left: null });
    const asked = site.asked();
    await sleep(100);
    expect(site.asked()).toBe(asked);
    expect(await first.report(id)).toEqual(report);
    // What was broken off was fetched, and is not counted.
    expect(asked - report!.warmed_count).toBeLessThanOrEqual(CONCURRENCY);
    expect(asked - report!.warmed_count).toBeGreaterThanOrEqual(0);
    expect([first.told, second.told]).toEqual([['running'], ['cancelled']]);
  });

  it(
    'is begun no more often than it may, whichever processes are asked at the same moment',
    PATIENT,
    async () => {
      const place = await open();
      const silent = await origin(0, () => {});
      const processes = [startProcess(place, silent), startProcess(place, silent)];
      await Promise.all(processes.map((one) => one.list()));
      const starts = numbers(24).map((i) => processes[i % 2]!.start({ ids: [i] }));
      const ends = await Promise.allSettled(starts);
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      expect(await processes[0]!.list()).toHaveLength(10);
    },
  );
});

describe('warming on Valkey', () => {
  it('is taken from a process that has stopped to run, which finds it lost', PATIENT, async () => {
    const { place } = await valkey();
    const site = await origin(5);
    const [first, second] = [startProcess(place, site), startProcess(place, site)];
    const { id } = await first.start({ ids: numbers(600) });
    await expect.poll(site.asked, { timeout: 20_000, interval: 2 }).toBeGreaterThan(100);
    await first.kill('SIGSTOP');
    await expect
      .poll(async () => (await second.report(id))?.warmed_count, { timeout: 20_000, interval: 5 })
      .toBeGreaterThan(300);
    await first.kill('SIGCONT');
    expect(await second.ended(id)).toMatchObject({ state: 'done', warmed_count: 600, failed_count: 0 });
    expect(await first.ended(id)).toMatchObject({ state: 'done', warmed_count: 600, failed_count: 0 });
    expect(site.counts.size).toBe(600);
    // What it had under way when it was stopped, and what it began before it heard.
    expect(again(site)).toBeLessThanOrEqual(3 * CONCURRENCY);
    expect([first.told, second.told]).toEqual([['running'], ['done']]);
  });

  it('pauses while the server is away, and fetches nothing twice', PATIENT, async () => {
    const { server, place } = await valkey();
    const site = await origin(5);
    const only = startProcess(place, site);
    const { id } = await only.start({ ids: numbers(600) });
    await expect.poll(site.asked, { timeout: 20_000, interval: 2 }).toBeGreaterThan(100);
    server.freeze();
    await sleep(1_500);
    const asked = site.asked();
    expect(asked).toBeLessThan(600);
    await sleep(200);
    expect(site.asked()).toBe(asked);
    server.thaw();
    expect(await only.ended(id)).toMatchObject({ state: 'done', warmed_count: 600, failed_count: 0 });
    expect(site.asked()).toBe(600);
  });

  it('waits as long as an origin asks for', PATIENT, async () => {
    const { place } = await valkey();
    let free = 10;
    const refill = setInterval(() => {
      free = 10;
    }, 100);
    closing.push(() => clearInterval(refill));
    const site = await origin(1, (_request, response) => {
      free -= 1;
      if (free < 0) response.writeHead(429, { 'retry-after': '100' });
      response.end();
    });
    const only = startProcess(place, site);
    const { id } = await only.start({ ids: numbers(100) });
    expect(await only.ended(id)).toMatchObject({ state: 'done', warmed_count: 100, failed_count: 0 });
    expect(site.counts.size).toBe(100);
  });
});

describe('warming on other stores', () => {
  it('works in a Cluster', PATIENT, async () => {
    const cluster = await startValkeyCluster();
    closing.push(cluster.stop);
    const place = { kind: 'redis', url: cluster.url } as const;
    const site = await origin(0);
    const [first, second] = [startProcess(place, site), startProcess(place, site)];
    const jobs = await Promise.all([1, 2, 3].map(() => first.start({ ids: numbers(300) })));
    for (const { id } of jobs) expect(await second.ended(id)).toMatchObject({ warmed_count: 300 });
    const listed = (await second.list()).map(({ id }) => id);
    expect(listed.sort()).toEqual(jobs.map(({ id }) => id).sort());
  });

  it('works over REST', PATIENT, async () => {
    const { server } = await valkey();
    const front = await startKvRestFront(server.url);
    closing.push(front.close);
    const place = { kind: 'kv-rest', url: front.url, token: front.token } as const;
    const site = await origin(2);
    const [first, second] = [startProcess(place, site), startProcess(place, site)];
    const done = await first.start({ ids: numbers(300) });
    expect(await second.ended(done.id)).toMatchObject({ state: 'done', warmed_count: 300 });
    const { id } = await first.start({ ids: numbers(20_000) });
    await expect.poll(async () => (await second.report(id))?.warmed_count).toBeGreaterThan(20);
    expect(await second.cancel(id)).toMatchObject({ state: 'cancelled' });
    const asked = site.asked();
    await sleep(100);
    expect(site.asked()).toBe(asked);
  });
});
