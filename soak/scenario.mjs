import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cores } from '../bench/tools.mjs';
import { ALLOWED_ORIGIN, SESSION_COOKIE, SESSION_HEADER, sessionIds, TARGET } from '../bench/workload.mjs';
import { stores } from './fault-store.mjs';
import { startFaultUpstreams } from './fault-upstreams.mjs';
import { startGate } from './gate.mjs';
import { watchResidentMemory } from './resident-memory.mjs';
import { loadTypeScript } from './typescript.mjs';

const LOAD_SCRIPT = fileURLToPath(new URL('load.lua', import.meta.url));
const SUPPORT = ['test/support/tcp-proxy.ts', 'test/support/valkey-cluster.ts'];
const BACK_WITHIN_MS = 10_000;
// More would only wait for one another on the two cores.
const CONNECTIONS = 16;
const WARMING_SECONDS = 3;
const NORMAL_SECONDS = 3;
const FAULT_SECONDS = 12;
const KEYS = 500;
const SESSIONS = 100;
// So that there is something to fetch and to store all the time.
const FRESH_SECONDS = 2;
const STORE_DEADLINE_MS = 250;
// What a quantile differs by from run to run, on the same two cores as everything else.
const P99_SLACK_MS = 75;
const MAX_GROWTH_MIB = 128;
const run = promisify(execFile);

/**
 * Runs one scenario: cachegate on a store of its own, load from another core, and what happens to the store meanwhile.
 *
 * @param {import('./store-faults.mjs').Scenario & { nearCache: string, act: (store: any) => Promise<number> }} scenario
 * @param {import('./run.mjs').Around} around
 */
export async function runScenario(scenario, around) {
  const store = await stores[scenario.on](await loadTypeScript(SUPPORT));
  const upstreams = await startFaultUpstreams(scenario.freshSeconds ?? FRESH_SECONDS);
  const name = `${scenario.name}-near-${scenario.nearCache}`;
  const gate = await startGate(name, settings(store.url, upstreams, scenario.nearCache), around);
  try {
    return await measure(scenario, store, upstreams, gate);
  } finally {
    await gate.end();
    await store.end();
    await upstreams.close();
  }
}

async function measure(scenario, store, upstreams, gate) {
  const { name, nearCache, mostKeysShare = 1 } = scenario;
  await fetchOnce(gate.url);
  await loadFor(WARMING_SECONDS, gate.url);
  const normal = await loadFor(NORMAL_SECONDS, gate.url);
  upstreams.asked();
  const memory = watchResidentMemory(gate.pid);
  const [load, wellAt] = await Promise.all([loadFor(FAULT_SECONDS, gate.url), scenario.act(store)]);
  const { calls, targets } = upstreams.asked();
  const { grownMib } = memory.stop();
  const backAfterMs = await hitsComeBack(gate, upstreams, wellAt);
  const keysShare = targets.size / KEYS;
  const figures = {
    ...{ name, nearCache, ...load, normalP99: normal.p99, calls },
    ...{ keys: `${Math.round(100 * keysShare)} %`, grownMib: Math.round(grownMib), backAfterMs },
  };
  const faults = [...faultsOf(load, normal, grownMib, backAfterMs), ...gate.faults()];
  if (keysShare > mostKeysShare) faults.push(`${figures.keys} of the keys were asked of the origin`);
  return { figures, faults };
}

function faultsOf({ refused, broken, p99 }, normal, grownMib, backAfterMs) {
  const faults = [];
  if (refused + normal.refused > 0) faults.push(`${refused + normal.refused} answers were not 2xx`);
  if (broken > 0) faults.push(`${broken} connections failed or answers missing`);
  const mostP99 = normal.p99 + STORE_DEADLINE_MS + P99_SLACK_MS;
  if (p99 > mostP99) faults.push(`p99 was ${p99} ms, more than ${mostP99.toFixed(0)} ms`);
  if (grownMib > MAX_GROWTH_MIB) faults.push(`memory grew by ${Math.round(grownMib)} MiB`);
  if (backAfterMs === '–') faults.push(`no hits within ${BACK_WITHIN_MS} ms of the store’s return`);
  return faults;
}

/** From the log: when the store was taken for well again, in milliseconds after it was. */
async function hitsComeBack({ url, log }, upstreams, wellAt) {
  const wellAtEpoch = performance.timeOrigin + wellAt;
  const deadline = performance.now() + BACK_WITHIN_MS;
  while (performance.now() < deadline) {
    await fetchOnce(url);
    upstreams.asked();
    await fetchOnce(url);
    if (upstreams.asked().calls === 0) {
      const back = /"time":(\d+)[^\n]*"The store is back"/.exec(log().split('\n').reverse().join('\n'));
      return back === null ? 0 : Math.max(0, Math.round(Number(back[1]) - wellAtEpoch));
    }
    await delay(50);
  }
  return '–';
}

async function fetchOnce(url) {
  const headers = { Origin: ALLOWED_ORIGIN, [SESSION_HEADER]: sessionIds[0] };
  const response = await fetch(url + TARGET, { headers });
  await response.arrayBuffer();
}

async function loadFor(seconds, url) {
  const wrk = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--timeout', '5s', '-s', LOAD_SCRIPT];
  const sessions = sessionIds.slice(0, SESSIONS);
  const target = [url + TARGET, '--', ALLOWED_ORIGIN, SESSION_HEADER, String(KEYS), ...sessions];
  const { stdout } = await run('taskset', ['-c', String(cores.load), ...wrk, ...target], {
    timeout: (seconds + 10) * 1000,
  });
  return JSON.parse(/^\{.*\}$/m.exec(stdout)[0]);
}

function settings(storeUrl, { originUrl, authorityUrl }, nearCache) {
  const rate = { limit: 1_000_000_000, window_seconds: 10 };
  const session = { authority: 'http', url: authorityUrl, cookie: SESSION_COOKIE, header: SESSION_HEADER };
  return {
    store: storeUrl,
    store_timeout_ms: STORE_DEADLINE_MS,
    ...(nearCache === 'off' && { near_cache: 'off' }),
    services: {
      records: {
        path: '/api',
        origin: originUrl,
        cors: { origins: [ALLOWED_ORIGIN] },
        session,
        rate_limit: { session: rate, address: rate },
      },
    },
  };
}
