import { Pool } from 'undici';
import { withNearOnAndOff } from './near-on-and-off.mjs';
import { startSessionApp } from './session-application.mjs';
import { ask, logIn } from './session-users.mjs';
import { startStore } from './store.mjs';

const PROCESSES = 2;
const WRITES = Number(process.env.SESSION_WRITES ?? 1_000);
const CONNECTIONS = 100;
const USER = 'ada';
// What is looked for are lost writes, not slow ones.
const PATIENT = { store_timeout_ms: 5_000 };

const HEAD = ['near cache', 'writes at once', 'number', 'done', 'lost', 'ms'];

/** @type {import('./run.mjs').Case} */
export const sessionWrites = {
  name: 'session-writes',
  about: `${WRITES} read-modify-writes of one session at once, from ${PROCESSES} processes`,
  run: (around) =>
    withNearOnAndOff('Writes to one session at once', HEAD, (nearCache) => runOnce(nearCache, around)),
};

async function runOnce(nearCache, around) {
  const store = await startStore();
  const apps = [];
  for (let i = 0; i < PROCESSES; i += 1) {
    const name = `session-writes-${i}-near-${nearCache}`;
    apps.push(await startSessionApp(name, { store: store.url, nearCache, more: PATIENT }, around));
  }
  const pools = apps.map(({ url }) => new Pool(url, { connections: CONNECTIONS }));
  try {
    const [user] = await logIn(pools[0], [USER]);
    const fields = await write('of different fields', pools, user, (i) => `/add?field=f${i}`);
    const counts = await write('of one field, by `update`', pools, user, () => '/count');
    const { body } = await ask(pools[1], user, 'GET', `/fields?count=${WRITES}`);
    const kept = JSON.parse(body);
    const lostFields = WRITES - Object.values(kept.fields).filter((value) => value === 1).length;
    const results = [
      { ...fields, lost: lostFields },
      { ...counts, lost: WRITES - kept.n },
    ];
    return {
      rows: results.map(({ what, done, lost, ms }) => [nearCache, what, WRITES, done, lost, Math.round(ms)]),
      faults: [...results.flatMap(faultsOf), ...apps.flatMap((app) => app.faults())],
    };
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()));
    await Promise.all(apps.map((app) => app.end()));
    await store.kill();
  }
}

/** All at once, to the processes in turn. */
async function write(what, pools, user, pathOf) {
  const startedAt = performance.now();
  const asking = Array.from({ length: WRITES }, (_, i) =>
    ask(pools[i % pools.length], { ...user }, 'POST', pathOf(i)),
  );
  const answers = await Promise.all(asking);
  const refused = answers.filter(({ status }) => status !== 200);
  return { what, done: WRITES - refused.length, refused, ms: performance.now() - startedAt };
}

function faultsOf({ what, lost, refused }) {
  const faults = lost === 0 ? [] : [`${what}: ${lost} writes were lost`];
  if (refused.length === 0) return faults;
  const [{ status, body }] = refused;
  return [...faults, `${what}: ${refused.length} were refused, the first with ${status} ${body}`];
}
