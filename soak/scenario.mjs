import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cores } from '../bench/tools.mjs';
import { startUpstreams } from '../bench/upstreams.mjs';
import {
  ALLOWED_ORIGIN,
  CONNECTIONS,
  SESSION_COOKIE,
  SESSION_HEADER,
  sessionIds,
  TARGET,
} from '../bench/workload.mjs';
import { startGate } from './gate.mjs';
import { startStore } from './store.mjs';

const LOAD_SCRIPT = fileURLToPath(new URL('load.lua', import.meta.url));
const BACK_WITHIN_MS = 10_000;
const run = promisify(execFile);

/**
 * Runs one scenario: cachegate on a store of its own, load from another core, and what happens to the store meanwhile.
 *
 * @param {import('./store-faults.mjs').Scenario} scenario
 * @param {import('./run.mjs').Around} around
 */
export async function runScenario(scenario, around) {
  const store = await startStore();
  const upstreams = await startUpstreams();
  const gate = await startGate(scenario.name, settings(store.url, upstreams), around);
  try {
    await fetchOnce(gate.url);
    const callsBefore = upstreams.calls();
    const [load, wellAt] = await Promise.all([loadFor(scenario.seconds, gate.url), scenario.act(store)]);
    const calls = upstreams.calls() - callsBefore;
    const backAfterMs = await hitsComeBack(gate, upstreams, wellAt);
    return {
      figures: { scenario: scenario.name, ...load, calls, backAfterMs },
      faults: [...faultsOf(load, backAfterMs), ...gate.faults()],
    };
  } finally {
    await gate.end();
    await store.kill();
    await upstreams.close();
  }
}

function faultsOf({ refused, broken }, backAfterMs) {
  const faults = [];
  if (refused > 0) faults.push(`${refused} answers were not 2xx`);
  if (broken > 0) faults.push(`${broken} connections failed or answers missing`);
  if (backAfterMs === '–') faults.push(`no hits within ${BACK_WITHIN_MS} ms of the store’s return`);
  return faults;
}

/** From the log: when the store was taken for well again, in milliseconds after it was. */
async function hitsComeBack({ url, log }, upstreams, wellAt) {
  const wellAtEpoch = performance.timeOrigin + wellAt;
  const deadline = performance.now() + BACK_WITHIN_MS;
  while (performance.now() < deadline) {
    await fetchOnce(url);
    const calls = upstreams.calls();
    await fetchOnce(url);
    if (upstreams.calls() === calls) {
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
  const target = [url + TARGET, '--', ALLOWED_ORIGIN, SESSION_HEADER, sessionIds[0]];
  const { stdout } = await run('taskset', ['-c', String(cores.load), ...wrk, ...target], {
    timeout: (seconds + 10) * 1000,
  });
  return JSON.parse(/^\{.*\}$/m.exec(stdout)[0]);
}

function settings(storeUrl, { originUrl, authorityUrl }) {
  const rate = { limit: 1_000_000_000, window_seconds: 10 };
  const session = { authority: 'http', url: authorityUrl, cookie: SESSION_COOKIE, header: SESSION_HEADER };
  return {
    store: storeUrl,
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
