import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import {
  type GatedSite,
  type NotingServer,
  startGatedSite,
  startIdentityAuthority,
  startNotingServer,
} from '../support/gated-site.ts';
import { faultsOfMetrics, samplesOf } from '../support/promtool.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// What `/metrics` tells of a real server after requests of every kind, and that Prometheus finds no fault with it.

const SESSION = 'session-of-ann';

let valkey: ValkeyServer;
let origin: NotingServer;
let authority: Awaited<ReturnType<typeof startIdentityAuthority>>;
let site: GatedSite;
beforeEach(async () => {
  valkey = await startValkeyServer();
  authority = await startIdentityAuthority();
  origin = await startNotingServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://x');
    const policy = pathname.startsWith('/swr') ? 'max-age=0, stale-while-revalidate=60' : 'max-age=60';
    response.setHeader('Cache-Control', pathname.startsWith('/private') ? 'no-store' : policy);
    response.setHeader('ETag', '"1"');
    if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
    else response.writeHead(pathname.startsWith('/none') ? 404 : 200).end('body');
  });
  site = await start();
});
afterEach(async () => {
  await site.close();
  await Promise.all([origin.close(), authority.close(), valkey.stop()]);
});

function start(top: Partial<ConfigInput> = {}): Promise<GatedSite> {
  return startGatedSite(
    {
      open: { origin: origin.url },
      uncached: { origin: origin.url, cache: 'off' },
      gated: {
        origin: origin.url,
        session: { authority: 'http', name: 'Sample', url: authority.url, path: '/me', cookie: 'sessionid' },
        rate_limit: { session: { limit: 5, window_seconds: 3600 } },
      },
    },
    { store: valkey.url, admin_listen: '127.0.0.1:0', purge: { token: PURGE_TOKEN }, ...top } as never,
  );
}

const PURGE_TOKEN = randomBytes(24).toString('hex');

async function metricsOf({ server }: GatedSite): Promise<string> {
  const response = await fetch(`${server.adminUrl}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return response.text();
}

async function sample(series: string): Promise<number | undefined> {
  return samplesOf(await metricsOf(site)).get(series);
}

const outcome = (service: string, word: string) =>
  `cachegate_requests_total{service="${service}",outcome="${word}"}`;

async function askUntilHit(path: string, session?: string): Promise<void> {
  const ask = async () => {
    const response = await site.ask(path, { ...(session !== undefined && { session }) });
    await response.text();
    return response.headers.get('cache-status');
  };
  await expect.poll(ask).toContain('hit');
}

describe('/metrics', () => {
  it('has all that can be known beforehand, without fault, before anything is asked', async () => {
    const text = await metricsOf(site);
    expect(await faultsOfMetrics(text)).toBe('');
    const samples = samplesOf(text);
    for (const service of ['open', 'uncached', 'gated']) {
      for (const word of ['hit', 'miss', 'uri-miss', 'stale', 'gate', 'other', 'bypass']) {
        expect(samples.get(outcome(service, word))).toBe(0);
      }
      expect(samples.get(`cachegate_origin_answers_total{service="${service}",status="none"}`)).toBe(0);
    }
    expect(samples.get('cachegate_session_validations_total{verdict="unavailable"}')).toBe(0);
    expect(samples.get('cachegate_store_errors_total{operation="set",reason="timeout"}')).toBe(0);
    expect(samples.get('cachegate_store_state{state="available"}')).toBe(1);
    expect(samples.get('cachegate_store_state{state="away"}')).toBe(0);
    expect(samples.get('cachegate_store_tracking')).toBe(1);
    expect([...samples.keys()].some((series) => series.startsWith('cachegate_build_info{version="'))).toBe(
      true,
    );
    expect(samples.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(samples.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
  });

  it('tells of hits, misses, validations, refusals, limits and purges, without fault', async () => {
    const secret = randomBytes(12).toString('hex');
    await askUntilHit(`/open/a?key=${secret}`);
    // Without a directive of its own, fetch adds one that asks for a validation.
    const conditional = { 'If-None-Match': '"1"', 'Cache-Control': 'max-age=60' };
    expect((await site.ask(`/open/a?key=${secret}`, { headers: conditional })).status).toBe(304);
    await site.ask('/open/none');
    await site.ask('/open/a', { method: 'POST' });
    await site.ask('/uncached/a');
    await askUntilHit('/open/swr');
    await site.ask('/gated/a');
    await site.ask('/gated/a', { session: secret });
    await askUntilHit('/gated/a', SESSION);
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await site.ask('/gated/a', { session: SESSION })).status);
    expect(statuses.at(-1)).toBe(429);
    const purged = await site.ask('/open/none', {
      method: 'PURGE',
      headers: { Authorization: `Bearer ${PURGE_TOKEN}` },
    });
    expect(purged.status).toBe(200);

    await expect.poll(() => sample('cachegate_save_duration_seconds_count{service="gated"}')).toBe(1);
    const revalidated = 'cachegate_revalidations_total{service="open",result="not-modified"}';
    await expect.poll(() => sample(revalidated)).toBeGreaterThan(0);
    const text = await metricsOf(site);
    expect(await faultsOfMetrics(text)).toBe('');
    expect(text).not.toContain(secret);
    const samples = samplesOf(text);
    const count = (series: string) => samples.get(series)!;
    expect(count(outcome('open', 'hit'))).toBeGreaterThanOrEqual(3);
    expect(count(outcome('open', 'uri-miss'))).toBeGreaterThanOrEqual(3);
    expect(count(outcome('open', 'method'))).toBe(1);
    expect(count(outcome('uncached', 'bypass'))).toBe(1);
    expect(count(outcome('gated', 'gate'))).toBeGreaterThanOrEqual(3);
    expect(count('cachegate_answers_total{service="gated",status="4xx"}')).toBeGreaterThanOrEqual(3);
    expect(count('cachegate_answers_total{service="open",status="4xx"}')).toBe(1);
    expect(count('cachegate_origin_answers_total{service="open",status="3xx"}')).toBeGreaterThan(0);
    expect(count('cachegate_origin_duration_seconds_count{service="gated"}')).toBe(1);
    expect(count('cachegate_lookup_duration_seconds_count{service="open"}')).toBeGreaterThanOrEqual(6);
    expect(count('cachegate_session_cache_lookups_total{result="hit"}')).toBeGreaterThan(0);
    expect(count('cachegate_session_cache_lookups_total{result="miss"}')).toBeGreaterThan(1);
    expect(count('cachegate_session_validations_total{verdict="valid"}')).toBe(1);
    expect(count('cachegate_session_validations_total{verdict="invalid"}')).toBe(1);
    expect(count('cachegate_session_validation_duration_seconds_count{verdict="valid"}')).toBe(1);
    const limited = 'service="gated",limit="session"';
    expect(count(`cachegate_rate_limit_decisions_total{${limited},decision="refused"}`)).toBeGreaterThan(0);
    expect(count(`cachegate_rate_limit_decisions_total{${limited},decision="allowed"}`)).toBeGreaterThan(0);
    expect(count('cachegate_purges_total{by="url",mode="hard",result="done"}')).toBe(1);
    expect(count('cachegate_store_operations_total{operation="get"}')).toBeGreaterThan(0);
    expect(count('cachegate_store_operations_total{operation="set"}')).toBeGreaterThan(0);
    expect(count('cachegate_near_cache_entries')).toBeGreaterThan(0);
    expect(count('cachegate_near_cache_bytes')).toBeGreaterThan(0);
    await expect.poll(() => sample('cachegate_cache_entries')).toBeGreaterThan(0);
  });

  it('tells of a store that is away', async () => {
    await valkey.kill();
    await site.ask('/open/a');
    await expect.poll(() => sample('cachegate_store_state{state="away"}')).toBe(1);
    const failed = async () => {
      const samples = samplesOf(await metricsOf(site));
      const errors = [...samples].filter(([series]) => series.startsWith('cachegate_store_errors_total'));
      return errors.reduce((sum, [, value]) => sum + value, 0);
    };
    await expect.poll(failed).toBeGreaterThan(0);
    expect(await faultsOfMetrics(await metricsOf(site))).toBe('');
  });

  it('is not there where metrics are off', async () => {
    const off = await start({ metrics: false });
    expect((await fetch(`${off.server.adminUrl}/metrics`)).status).toBe(404);
    expect(await off.server.metrics()).toEqual([]);
    await off.close();
  });
});
