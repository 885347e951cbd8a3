import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../bench/measure.mjs';
import { gatherCrowd } from './crowd.mjs';
import { GATES, loadFleetParts, startFleet } from './fleet.mjs';

const CLIENTS = 1_000;
const KEYS = 50;
const ORIGIN_TIME_MS = 2_000;
const KILLED_AFTER_MS = 1_000;
const PATIENCE_MS = 30_000;
/** Asked for before, so that no process meets its first requests by the thousand. */
const WARM = '/warm';

const HEAD = [
  ...['what', 'requests', 'answered', 'keys', 'origin requests', 'of one key at most'],
  ...['answered p50 ms', 'p99 ms', 'last ms', 'store timeouts logged'],
];

/**
 * A round: what is asked, and whether the process whose request came first at the origin is killed while it waits.
 *
 * @typedef {object} Round
 * @property {string} about
 * @property {string[]} targets of which each request takes one at random
 * @property {boolean} kills
 */

const many = (prefix) => Array.from({ length: KEYS }, (_, i) => `/${prefix}-${i}`);

/** @type {Round[]} the process is killed in the last one of a fleet */
const ROUNDS = [
  { about: 'one key', targets: ['/one'], kills: false },
  { about: `${KEYS} keys at random`, targets: many('some'), kills: false },
  { about: 'one key, the leader killed', targets: ['/one-killed'], kills: true },
  { about: `${KEYS} keys at random, a leader killed`, targets: many('some-killed'), kills: true },
];

/** @type {import('./run.mjs').Case} */
export const fleetCollapse = {
  name: 'fleet-collapse',
  about: `${GATES} processes are asked for cold keys by ${CLIENTS} clients each; the origin takes ${ORIGIN_TIME_MS} ms`,
  async run(around) {
    const parts = await loadFleetParts();
    const rows = [];
    const faults = [];
    for (const [i, round] of ROUNDS.entries()) {
      const result = await runRound(`fleet-collapse-${i}`, round, parts, around);
      rows.push(result.cells);
      faults.push(...result.faults.map((fault) => `${round.about}: ${fault}`));
    }
    return { tables: [{ title: 'Simultaneous requests to four processes', head: HEAD, rows }], faults };
  },
};

async function runRound(name, { about, targets, kills }, parts, around) {
  const fields = { 'Cache-Control': 'max-age=600' };
  const origin = await parts.startFleetOrigin(GATES, ({ target }) => ({
    fields,
    delayMs: target === WARM ? 0 : ORIGIN_TIME_MS,
  }));
  const fleet = await startFleet(name, parts, origin, around);
  const crowds = await Promise.all(fleet.urls.map((url) => gatherCrowd(url, CLIENTS)));
  try {
    for (const crowd of crowds) await crowd.ask(WARM);
    const random = parts.createRandom(1);
    const asking = crowds.map((crowd) =>
      crowd.ask(Array.from({ length: CLIENTS }, () => random.pick(targets))),
    );
    const killed = kills ? await killLeader(fleet, origin, targets) : null;
    const received = (await Promise.all(asking)).filter((_, gate) => gate !== killed).flat();
    const asked = targets.map((target) => origin.asked(target));
    const counts = asked.map(({ length }) => length);
    return {
      cells: [about, received.length, ...cellsOf(received, counts), timeoutsIn(fleet)],
      faults: [...faultsOf(received, asked, kills ? 2 : 1), ...fleet.faults()],
    };
  } finally {
    await Promise.all(crowds.map((crowd) => crowd.leave()));
    await fleet.end();
    await origin.close();
  }
}

/** Kills the process that was the first to ask the origin; answers its place. */
async function killLeader({ gates }, origin, targets) {
  const asked = () => targets.flatMap((target) => origin.asked(target));
  for (let waited = 0; asked().length === 0; waited += 10) {
    if (waited > PATIENCE_MS) throw new Error('the origin was not asked');
    await delay(10);
  }
  const [{ gate }] = asked().sort((a, b) => a.at - b.at);
  await delay(KILLED_AFTER_MS);
  process.kill(gates[gate].pid, 'SIGKILL');
  return gate;
}

/** Who could not ask the store asks the origin. */
const timeoutsIn = ({ gates }) =>
  gates.reduce((sum, gate) => sum + (gate.log().match(/ERR_STORE_TIMEOUT/g)?.length ?? 0), 0);

function cellsOf(received, counts) {
  const tookMs = received.filter(({ error }) => error === null).map(({ sentAt, doneAt }) => doneAt - sentAt);
  return [
    tookMs.length,
    counts.length,
    counts.reduce((sum, count) => sum + count, 0),
    Math.max(...counts),
    ...[0.5, 0.99, 1].map((share) => (tookMs.length === 0 ? '–' : Math.round(quantile(tookMs, share)))),
  ];
}

function faultsOf(received, asked, allowed) {
  const faults = [];
  const broken = received.filter(({ error }) => error !== null);
  if (broken.length > 0) faults.push(`${broken.length} got no answer, the first because ${broken[0].error}`);
  const others = received.filter(({ error, status }) => error === null && status !== 200).length;
  if (others > 0) faults.push(`${others} answers were not 200`);
  const over = asked.filter(({ length }) => length > allowed);
  const afterMs = over.map((requests) => Math.round(requests[allowed].at - requests[0].at));
  if (over.length > 0)
    faults.push(
      `${over.length} keys cost the origin more than ${allowed} requests, the next one after ${Math.min(...afterMs)} to ${Math.max(...afterMs)} ms`,
    );
  return faults;
}
