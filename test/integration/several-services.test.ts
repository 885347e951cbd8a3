import { afterEach, describe, expect, it } from 'vitest';
import { startAuthority } from '../../examples/wagtail-airtable/sample/authority.mjs';
import { gateSchema } from '../../src/config/gate-schema.ts';
import type { ServiceConfig } from '../../src/config/schema.ts';
import { type Gate, SAMPLE_SESSION, startGate, withService } from '../support/gate.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';

let proxy: RunningProxy;
let authorities: Awaited<ReturnType<typeof startAuthority>>[];
let gate: Gate | null = null;
afterEach(async () => {
  await proxy?.close();
  await gate?.close();
  await Promise.all(authorities.map((authority) => authority.close()));
});

async function startTwo(limits: [number, number], urls: [string, string]): Promise<void> {
  proxy = await startProxy(
    (_request, response) => response.end('let in'),
    (config) => {
      const service = (path: string, limit: number, url: string): ServiceConfig => ({
        ...config.services.default!,
        path,
        session: gateSchema.parse({ authority: 'http', url, header: 'X-Session', timeout_ms: 2_000 }),
        rate_limit: { session: { limit, window_seconds: 60 }, address: 'off', strict: false },
      });
      const [first, second] = [service('/a', limits[0], urls[0]), service('/b', limits[1], urls[1])];
      return { ...config, services: { a: first, b: second } };
    },
  );
}
const ask = async (path: string) => (await proxy.get(path, { 'X-Session': SAMPLE_SESSION })).status;

describe('two services', () => {
  it('with an authority each take nothing for the other’s word', async () => {
    authorities = [await startAuthority({ delayMs: 0 }), await startAuthority({ delayMs: 0, sessions: [] })];
    await startTwo([50, 50], [authorities[0]!.apiUrl, authorities[1]!.apiUrl]);
    expect([await ask('/a'), await ask('/b'), await ask('/a'), await ask('/b')]).toEqual([
      200, 401, 200, 401,
    ]);
  });

  it('with one authority share its verdicts, and limit each for itself', async () => {
    authorities = [await startAuthority({ delayMs: 0 })];
    const { apiUrl } = authorities[0]!;
    await startTwo([3, 4], [apiUrl, apiUrl]);
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push(await ask('/a'), await ask('/b'));
    expect(statuses).toEqual([...Array(6).fill(200), 429, 200, 429, 429]);
    expect(authorities[0]!.counters.requests).toBe(1);
  });
});

describe('a valid session whose verdict nobody keeps', () => {
  it('is validated each time, at no cost to its address', async () => {
    authorities = [];
    gate = await startGate({
      env: { SESSION_CACHE_ENABLED: 'false' },
      change: (config) =>
        withService(config, {
          rate_limit: { session: 'off', address: { limit: 3, window_seconds: 60 }, strict: false },
        }),
    });
    for (let i = 0; i < 6; i++) expect((await gate.ask()).status).toBe(200);
    expect(gate.authority.counters.requests).toBe(6);
    const unknown: number[] = [];
    for (let i = 0; i < 4; i++) unknown.push((await gate.ask({ session: `unknown-${i}` })).status);
    expect(unknown).toEqual([401, 401, 429, 429]);
  });
});
