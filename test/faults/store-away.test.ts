import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXTENSION, type Gate, SAMPLE_SESSION, startGate, withoutLimits } from '../support/gate.ts';
import { type Load, startLoad } from '../support/load.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// Under load: whatever happens to the store, callers are served. The timed runs are in soak/.

let valkey: ValkeyServer;
let gate: Gate;
let load: Load;

const REQUEST = {
  path: '/api/airtable-proxy?pagePath=/parking/resident-permits',
  headers: { origin: EXTENSION, 'x-wagtail-session': SAMPLE_SESSION },
};

beforeEach(async () => {
  valkey = await startValkeyServer();
  gate = await startGate({
    env: { CACHE_URL: valkey.url, LOGGING_LEVEL: 'aggregate' },
    change: withoutLimits,
  });
  load = startLoad(gate.url, REQUEST, 16);
  await load.more(200);
});
afterEach(async () => {
  await load.stop();
  await gate.close();
  await valkey.stop();
});

const servedOnly = () => expect([...load.counts.keys()]).toEqual([200]);

async function hitsAgain(): Promise<void> {
  await expect.poll(() => gate.logged('The store is back').length, { timeout: 10_000 }).toBeGreaterThan(0);
  await load.more(200);
  const { requests } = gate.authority.counters;
  const fetched = gate.origin.counters.requests;
  await load.more(200);
  expect(gate.authority.counters.requests).toBe(requests);
  expect(gate.origin.counters.requests).toBe(fetched);
}

describe('with the store away under load', () => {
  it('killed and started again: everyone is served, validated directly meanwhile, and hits come back', async () => {
    const { requests } = gate.authority.counters;
    await valkey.kill();
    await load.more(300);
    expect(gate.authority.counters.requests).toBeGreaterThan(requests);
    await valkey.restart();
    await hitsAgain();
    servedOnly();
    expect(gate.logged('The store is away')).toHaveLength(1);
    expect(gate.logged('Session cache error').length).toBeGreaterThan(0);
  });

  it('frozen and thawed: the same', async () => {
    const { requests } = gate.authority.counters;
    valkey.freeze();
    // For a second what the process keeps is still good.
    await expect
      .poll(() => load.more(100).then(() => gate.authority.counters.requests), { timeout: 10_000 })
      .toBeGreaterThan(requests);
    valkey.thaw();
    await hitsAgain();
    servedOnly();
    expect(gate.logged('Session cache error: Connection timeout').length).toBeGreaterThan(0);
  });

  it('and the authority away too: 401, and nothing worse', async () => {
    await valkey.kill();
    gate.authority.behaviour.fault = 'close';
    await load.more(300);
    await expect.poll(() => load.counts.get(401) ?? 0).toBeGreaterThan(0);
    gate.authority.behaviour.fault = null;
    await load.more(300);
    expect([...load.counts.keys()].sort()).toEqual([200, 401]);
  });
});

describe('away from the start', () => {
  it('serves, says so, and finds the store when it comes', async () => {
    await gate.close();
    await valkey.kill();
    gate = await startGate({ env: { CACHE_URL: valkey.url } });
    expect(gate.logged('The store at redis://127.0.0.1').map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/is away: .*; going on without it$/),
    ]);
    expect((await gate.ask()).status).toBe(200);
    await valkey.restart();
    await expect
      .poll(
        async () => {
          await gate.ask({ session: `load${Math.random()}` });
          return (await gate.ask({ page: '/parking/resident-permits' })).headers.get('cache-status');
        },
        { timeout: 10_000, interval: 300 },
      )
      .toMatch(/hit/);
  });

  it('still limits, in this process', async () => {
    await gate.close();
    await valkey.kill();
    gate = await startGate({ env: { CACHE_URL: valkey.url } });
    const statuses: number[] = [];
    for (let i = 0; i < 11; i++) statuses.push((await gate.ask()).status);
    expect(statuses).toEqual([...Array(10).fill(200), 429]);
    expect(gate.logged('Rate limit check failed').length).toBeGreaterThan(0);
  });
});
