import { Pool } from 'undici';
import { quantile } from '../bench/measure.mjs';
import { withNearOnAndOff } from './near-on-and-off.mjs';
import { startSessionApp } from './session-application.mjs';
import { ask, logIn } from './session-users.mjs';
import { startStore } from './store.mjs';

const ENDS = Number(process.env.SESSION_ENDS ?? 500);
// Of a purge, where the link to the store is sound; a wide margin for two cores that do everything.
const MOST_MS = 250;
const GIVE_UP_MS = 5_000;

const HEAD = [
  'near cache',
  'ended by',
  'sessions',
  'still in once',
  'p50 ms',
  'p99 ms',
  'most ms',
  'a request ms',
];
const WAYS = ['/logout', '/rotate', '/end-all'];

/** @type {import('./run.mjs').Case} */
export const sessionEnd = {
  name: 'session-end',
  about: `${ENDS} sessions ended each way in one process, and asked for in another`,
  run: (around) =>
    withNearOnAndOff('How soon another process knows of the end of a session', HEAD, (nearCache) =>
      runOnce(nearCache, around),
    ),
};

async function runOnce(nearCache, around) {
  const store = await startStore();
  const apps = [];
  for (let i = 0; i < 2; i += 1) {
    const name = `session-end-${i}-near-${nearCache}`;
    apps.push(await startSessionApp(name, { store: store.url, nearCache }, around));
  }
  const pools = apps.map(({ url }) => new Pool(url, { connections: 4 }));
  try {
    const rows = [];
    const faults = apps.flatMap((app) => app.faults());
    for (const way of WAYS) {
      const { late, waits, requestMs } = await endAll(pools, way);
      const [p50, p99, most] = [quantile(waits, 0.5), quantile(waits, 0.99), Math.max(...waits)];
      if (most > MOST_MS) faults.push(`${way}: known of after ${Math.round(most)} ms`);
      const shown = [p50, p99, most, quantile(requestMs, 0.5)].map((ms) => ms.toFixed(1));
      rows.push([nearCache, way.slice(1), ENDS, late, ...shown]);
    }
    return { rows, faults };
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()));
    await Promise.all(apps.map((app) => app.end()));
    await store.kill();
  }
}

async function endAll([here, there], way) {
  const waits = [];
  const requestMs = [];
  let late = 0;
  const users = await logIn(
    here,
    Array.from({ length: ENDS }, (_, i) => `${way.slice(1)}-${i}`),
  );
  for (const user of users) {
    const thief = { ...user };
    // Twice, so that the other process has a copy.
    await isIn(there, thief);
    const askedAt = performance.now();
    if (!(await isIn(there, thief))) throw new Error(`${user.name} is not logged in`);
    requestMs.push(performance.now() - askedAt);
    const { status } = await ask(here, user, 'POST', `${way}?user=${user.name}`);
    if (status !== 204) throw new Error(`${way} was answered with ${status}`);
    const endedAt = performance.now();
    let asked = 0;
    while (await isIn(there, { ...thief })) {
      asked += 1;
      if (performance.now() - endedAt > GIVE_UP_MS) throw new Error(`${way}: ${user.name} is still in`);
    }
    late += asked > 0 ? 1 : 0;
    // Until the first answer that says so was asked for: before that nobody can know.
    waits.push(asked === 0 ? 0 : performance.now() - endedAt);
  }
  return { late, waits, requestMs };
}

async function isIn(pool, user) {
  const { body } = await ask(pool, user, 'GET', '/');
  return JSON.parse(body).user === user.name;
}
