import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../bench/processes.mjs';
import { proxySettings, startGate } from './gate.mjs';
import { startStore } from './store.mjs';

const URLS = Number(process.env.WARM_URLS ?? 10_000);
const CONCURRENCY = 16;
const ORIGIN_DELAY_MS = 5;
const CANCEL_WITHIN_MS = 1_000;
const BUDGET = { limit: 20, windowMs: 1_000, urls: 300 };
/** The store counts in its own time; the way to the origin is not always equally long. */
const BUDGET_SLACK_MS = 50;
const DEADLINE_MS = 300_000;

const HEAD = [
  ...['what', 'asked for', 'distinct', 'duplicates', 'warmed', 'failed', 'of the origin', 'fetched again'],
  ...['seconds', 'went on after ms', 'cancelled within ms', 'most in a window'],
];

/** @type {import('./run.mjs').Case} */
export const warming = {
  name: 'warming',
  about: `${URLS} URLs: killed half-way and started again, cancelled, within a budget; ids with duplicates and bad ones`,
  async run(around) {
    const store = await startStore();
    try {
      const rows = [];
      const faults = [];
      for (const scenario of [killed, cancelled, mixed, budgeted]) {
        const result = await withOrigin((origin) => scenario({ store, origin, around }));
        rows.push(result.row);
        faults.push(...result.faults);
      }
      return { tables: [{ title: 'Warming', head: HEAD, rows }], faults };
    } finally {
      await store.kill();
    }
  },
};

/** A gate whose admin address takes jobs; each scenario has a namespace of its own. */
async function startWarmGate(name, namespace, { store, origin, around }, service = {}) {
  const admin = `127.0.0.1:${await freePort()}`;
  const settings = {
    ...proxySettings(origin.url, store.url, service),
    ...{ namespace, admin_listen: admin, warm: { concurrency: CONCURRENCY, template: '/items/{id}' } },
  };
  const gate = await startGate(name, settings, around);
  return { ...gate, admin: `http://${admin}` };
}

async function killed(parts) {
  const first = await startWarmGate('warming-first', 'killed', parts);
  const { id } = await startJob(first, { urls: paths(URLS) });
  const startedAt = performance.now();
  await until(() => parts.origin.times.length >= URLS / 2);
  process.kill(first.pid, 'SIGKILL');
  await delay(50);
  const before = parts.origin.times.length;
  const second = await startWarmGate('warming-second', 'killed', parts);
  const restartedAt = performance.now();
  await until(() => parts.origin.times.length > before);
  const wentOnMs = Math.round(performance.now() - restartedAt);
  const report = await ended(second, id);
  const seconds = secondsSince(startedAt);
  const again = parts.origin.times.length - parts.origin.targets.size;
  const faults = [
    ...countFaults('killed', report, { warmed: URLS, failed: 0, total: URLS, duplicates: 0 }),
    ...(again > CONCURRENCY ? [`killed: ${again} were fetched again, more than were under way`] : []),
    ...(parts.origin.targets.size === URLS ? [] : [`killed: ${parts.origin.targets.size} were fetched`]),
    ...second.faults(),
  ];
  await second.end();
  return {
    row: rowOf('killed half-way', URLS, report, { origin: parts.origin, again, seconds, wentOnMs }),
    faults,
  };
}

async function cancelled(parts) {
  const gate = await startWarmGate('warming-cancelled', 'cancelled', parts);
  const { id } = await startJob(gate, { urls: paths(URLS) });
  const startedAt = performance.now();
  await until(() => parts.origin.times.length >= URLS / 5);
  const cancelledAt = performance.now();
  const report = await ask(gate, 'DELETE', `/warm/${id}`);
  const seconds = secondsSince(startedAt);
  await delay(2 * CANCEL_WITHIN_MS);
  const lastMs = Math.max(0, Math.round(parts.origin.times.at(-1) - cancelledAt));
  const uncounted = parts.origin.times.length - report.warmed_count;
  const faults = [
    ...(report.state === 'cancelled' ? [] : [`cancelled: the job is ${report.state}`]),
    ...(lastMs > CANCEL_WITHIN_MS ? [`cancelled: the origin was asked ${lastMs} ms later`] : []),
    ...(uncounted < 0 || uncounted > CONCURRENCY ? [`cancelled: ${uncounted} fetched and not counted`] : []),
    ...gate.faults(),
  ];
  await gate.end();
  return {
    row: rowOf('cancelled', URLS, report, { origin: parts.origin, seconds, cancelMs: lastMs }),
    faults,
  };
}

/** 20,000 ids, of which some come twice, some can be no id, and of some the origin knows nothing. */
async function mixed(parts) {
  const gate = await startWarmGate('warming-mixed', 'mixed', parts);
  parts.origin.forgetSome();
  const ids = Array.from({ length: 20_000 }, (_, i) => {
    if (i % 50 === 0) return ['', null, { i }, 1.5, 'a/b', `${i}\n`][(i / 50) % 6];
    return i % 2 === 0 ? i % 15_000 : String(i % 15_000);
  });
  const isGood = (id) => Number.isInteger(id) || (typeof id === 'string' && /^\d+$/.test(id));
  const good = new Set(ids.filter(isGood).map(String));
  const bad = new Set(ids.filter((id) => !isGood(id)).map((id) => JSON.stringify(id)));
  const unknown = [...good].filter((id) => Number(id) % 100 === 99).length;
  const startedAt = performance.now();
  const { id } = await startJob(gate, { ids });
  const report = await ended(gate, id);
  const seconds = secondsSince(startedAt);
  const total = good.size + bad.size;
  const failed = bad.size + unknown;
  const expected = { warmed: total - failed, failed, total, duplicates: ids.length - total };
  const faults = [...countFaults('ids', report, expected), ...gate.faults()];
  if (parts.origin.times.length !== good.size)
    faults.push(`ids: the origin was asked ${parts.origin.times.length} times`);
  await gate.end();
  return { row: rowOf('ids', ids.length, report, { origin: parts.origin, seconds }), faults };
}

async function budgeted(parts) {
  const rules = [{ limit: BUDGET.limit, window_seconds: BUDGET.windowMs / 1000 }];
  const gate = await startWarmGate('warming-budget', 'budget', parts, { origin_limit: { rules } });
  const startedAt = performance.now();
  const { id } = await startJob(gate, { urls: paths(BUDGET.urls), concurrency: 64 });
  const report = await ended(gate, id);
  const seconds = secondsSince(startedAt);
  const most = mostWithin(parts.origin.times, BUDGET.windowMs - BUDGET_SLACK_MS);
  const expected = { warmed: BUDGET.urls, failed: 0, total: BUDGET.urls, duplicates: 0 };
  const faults = [...countFaults('budget', report, expected), ...gate.faults()];
  if (most > BUDGET.limit) faults.push(`budget: the origin was asked ${most} times in a window`);
  await gate.end();
  const what = `at most ${BUDGET.limit} a second`;
  return { row: rowOf(what, BUDGET.urls, report, { origin: parts.origin, seconds, most }), faults };
}

const paths = (count) => Array.from({ length: count }, (_, i) => `/items/${i}`);

function rowOf(
  what,
  askedFor,
  report,
  { origin, again, seconds, wentOnMs = '–', cancelMs = '–', most = '–' },
) {
  const { total_requested: distinct, duplicates, warmed_count: warmed, failed_count: failed } = report;
  const fetched = origin.times.length;
  const twice = again ?? fetched - origin.targets.size;
  return [
    what,
    askedFor,
    distinct,
    duplicates,
    warmed,
    failed,
    fetched,
    twice,
    seconds,
    wentOnMs,
    cancelMs,
    most,
  ];
}

function countFaults(what, report, { warmed, failed, total, duplicates }) {
  const found = [report.warmed_count, report.failed_count, report.total_requested, report.duplicates];
  const expected = [warmed, failed, total, duplicates];
  return found.join() === expected.join() ? [] : [`${what}: counted ${found}, not ${expected}`];
}

/** The most of these instants that lie within so many milliseconds. */
function mostWithin(times, windowMs) {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to += 1) {
    while (times[to] - times[from] >= windowMs) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

const startJob = (gate, request) => ask(gate, 'POST', '/warm', request);

async function ended(gate, id) {
  let report = null;
  await until(async () => {
    report = await ask(gate, 'GET', `/warm/${id}`);
    return report.state !== 'running';
  });
  return report;
}

async function ask({ admin }, method, path, body) {
  const response = await fetch(admin + path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function until(isSo) {
  const giveUpAt = performance.now() + DEADLINE_MS;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error('It took too long');
    await delay(20);
  }
}

const secondsSince = (at) => ((performance.now() - at) / 1000).toFixed(1);

/** An origin that notes what it is asked for, and when; once told to, it knows nothing of every hundredth item. */
async function withOrigin(scenario) {
  const times = [];
  const targets = new Set();
  let knowsAll = true;
  const knows = (target) => knowsAll || Number(target.slice('/items/'.length)) % 100 !== 99;
  const server = createServer((request, response) => {
    times.push(performance.now());
    targets.add(request.url);
    setTimeout(() => {
      response.statusCode = knows(request.url) ? 200 : 404;
      response.setHeader('cache-control', 'max-age=600');
      response.end('item');
    }, ORIGIN_DELAY_MS);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = {
    ...{ url: `http://127.0.0.1:${server.address().port}`, times, targets },
    forgetSome: () => {
      knowsAll = false;
    },
  };
  try {
    return await scenario(origin);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}
