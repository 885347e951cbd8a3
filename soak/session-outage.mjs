import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { quantile } from '../bench/measure.mjs';
import { withNearOnAndOff } from './near-on-and-off.mjs';
import { startSessionApp } from './session-application.mjs';
import { ask, logIn, visit } from './session-users.mjs';
import { startStore } from './store.mjs';

const OUTAGE_SECONDS = Number(process.env.OUTAGE_SECONDS ?? 60);
const AROUND_SECONDS = 5;
const USERS = 2_000;
const LANES = 32;
// So that neither core is always full: what is looked for are waits, not queues.
const REST_MS = 10;
const STORE_DEADLINE_MS = 250;
// What a quantile differs by from run to run, on the same two cores as everything else.
const P99_SLACK_MS = 75;
const BACK_WITHIN_MS = 10_000;

const HEAD = [
  ...['near cache', 'while', 'pages', 'p50 ms', 'p99 ms', 'slowest ms', 'logged out', '5xx', 'said degraded'],
  ...['counts', 'counts refused', 'logouts', 'came back after'],
];

/** @type {import('./run.mjs').Case} */
export const sessionOutage = {
  name: 'session-outage',
  about: `${USERS} logged-in users; the store is frozen for ${OUTAGE_SECONDS} s`,
  run: (around) =>
    withNearOnAndOff('Sessions while the store is frozen', HEAD, (nearCache) => runOnce(nearCache, around)),
};

async function runOnce(nearCache, around) {
  const store = await startStore();
  const options = { store: store.url, nearCache, more: { store_timeout_ms: STORE_DEADLINE_MS } };
  const app = await startSessionApp(`session-outage-near-${nearCache}`, options, around);
  const pool = new Pool(app.url, { connections: LANES });
  try {
    return await measure({ nearCache, store, app, pool });
  } finally {
    // What is frozen can't end.
    store.signal('SIGCONT');
    await pool.destroy();
    await app.end();
    await store.kill();
  }
}

async function measure({ nearCache, store, app, pool }) {
  const users = await logIn(
    pool,
    Array.from({ length: USERS }, (_, i) => `user-${i}`),
  );
  const visitFor = (seconds) => {
    const signal = AbortSignal.timeout(seconds * 1000);
    return visit(pool, users, { lanes: LANES, restMs: REST_MS, signal });
  };
  await visitFor(AROUND_SECONDS);
  const logBefore = app.log().length;
  const phases = { before: await visitFor(AROUND_SECONDS) };
  store.signal('SIGSTOP');
  phases.frozen = await visitFor(OUTAGE_SECONDS);
  store.signal('SIGCONT');
  phases.after = await visitFor(AROUND_SECONDS);
  const back = await settled(pool);
  const end = await lastLook(pool, users);
  const rows = Object.entries(phases).map(([name, seen]) => rowOf(nearCache, name, seen, end));
  const log = app.log().slice(logBefore);
  return { rows, faults: [...faultsOf(phases), ...back, ...end.faults, ...logFaults(log), ...app.faults()] };
}

/** Until the process no longer says that it lives without its store. */
async function settled(pool) {
  const stranger = { name: 'nobody', cookie: '' };
  for (let waited = 0; waited < BACK_WITHIN_MS; waited += 50) {
    const { body } = await ask(pool, stranger, 'GET', '/status');
    if (!JSON.parse(body).degraded && JSON.parse(body).kept === 0) return [];
    await delay(50);
  }
  return [`the process was not back to normal ${BACK_WITHIN_MS} ms after the store was`];
}

/** When all is well again: nobody is out who was in, nobody is in who was out, and no acknowledged count is lost. */
async function lastLook(pool, users) {
  const seen = { lost: 0, returned: 0, countsLost: 0, countsMore: 0 };
  for (const user of users) {
    const { status, body } = await ask(pool, { ...user }, 'GET', '/');
    const page = status === 200 ? JSON.parse(body) : {};
    if (user.isOut) {
      if (page.user !== null) seen.returned += 1;
      continue;
    }
    if (page.user !== user.name) seen.lost += 1;
    else if (page.n < user.counted) seen.countsLost += 1;
    // A write whose answer the store owed may have been done.
    else if (page.n > user.counted + user.refused) seen.countsMore += 1;
  }
  const texts = {
    lost: 'users were logged out in the end',
    returned: 'users were logged in again who had logged out',
    countsLost: 'users lost counts that were acknowledged',
    countsMore: 'users have more counts than they made',
  };
  const found = Object.entries(seen).filter(([, number]) => number > 0);
  return { ...seen, faults: found.map(([name, number]) => `${number} ${texts[name]}`) };
}

function rowOf(nearCache, name, seen, end) {
  const ms = (share) => quantile(seen.pageMs, share).toFixed(1);
  return [
    ...[nearCache, name, seen.pageMs.length, ms(0.5), ms(0.99), ms(1), seen.lost, seen.pageErrors],
    ...[seen.degradedPages, seen.counts, seen.refusedCounts, seen.logouts, seen.returned + end.returned],
  ];
}

function faultsOf(phases) {
  const normalP99 = quantile(phases.before.pageMs, 0.99);
  const mostP99 = normalP99 + STORE_DEADLINE_MS + P99_SLACK_MS;
  return Object.entries(phases).flatMap(([name, seen]) => {
    const faults = [];
    const bad = {
      'pages of users said that they were logged out': seen.lost,
      'pages took somebody for logged in who had logged out': seen.returned,
      'pages were answered with 5xx': seen.pageErrors,
      'pages were not 200': seen.otherPages,
      'requests had no answer': seen.broken,
      'counts were answered otherwise than done or refused': seen.otherCounts,
      'logouts failed': seen.failedLogouts,
      'counts were refused though the store was there': name === 'before' ? seen.refusedCounts : 0,
    };
    for (const [what, number] of Object.entries(bad)) if (number > 0) faults.push(`${number} ${what}`);
    const p99 = quantile(seen.pageMs, 0.99);
    if (p99 > mostP99) faults.push(`p99 was ${p99.toFixed(1)} ms, more than ${mostP99.toFixed(0)} ms`);
    if (faults.length > 0) faults.push(...[...seen.examples].map(([text, times]) => `${times} × ${text}`));
    return faults.map((fault) => `${name}: ${fault}`);
  });
}

/** One line when JWT-only mode begins and one when it ends, and so with the store itself; nothing else. */
function logFaults(log) {
  const records = log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const count = (field, value) => records.filter((record) => record[field] === value).length;
  const lines = {
    'the begin of JWT-only mode': count('sessionMode', 'jwt'),
    'the end of JWT-only mode': count('sessionMode', 'store'),
    'the store going away': count('storeState', 'away'),
    'the store being back': count('storeState', 'available'),
  };
  const faults = Object.entries(lines)
    .filter(([, number]) => number !== 1)
    .map(([about, number]) => `${number} lines in the log on ${about}`);
  const others = records.filter(({ sessionMode, storeState }) => !sessionMode && !storeState);
  if (others.length > 0) faults.push(`${others.length} other lines in the log, the first: ${others[0].msg}`);
  return faults;
}
