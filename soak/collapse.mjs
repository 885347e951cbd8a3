import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../bench/measure.mjs';
import { ANSWERS, answeredMs, faultsOf, heldMs } from './collapse-answers.mjs';
import { ORIGIN_TIME_MS, startCollapseOrigin } from './collapse-origin.mjs';
import { gatherCrowd } from './crowd.mjs';
import { proxySettings, startGate } from './gate.mjs';
import { startStore } from './store.mjs';

const CLIENTS = 5_000;
const LATER = 20;
const LATER_MS = 2_000;

const HEAD = [
  ...['answer', 'store', 'clients', 'origin asked', 'statuses', 'held p50 ms', 'held at most ms'],
  ...['answered p50 ms', 'p99 ms', 'last ms', 'given twice', `${LATER} later: last at the origin after ms`],
];

/** @type {import('./run.mjs').Case} */
export const collapse = {
  name: 'collapse',
  about: `${CLIENTS} clients ask for one cold resource at once; the origin takes ${ORIGIN_TIME_MS} ms`,
  async run(around) {
    const origin = await startCollapseOrigin((target, number) => ANSWERS[target].fieldsOf(number));
    const store = await startStore();
    try {
      const inMemory = await runOn('memory', 'memory:', Object.keys(ANSWERS), origin, around);
      const inValkey = await runOn('Valkey', store.url, ['/storable', '/private'], origin, around);
      const rows = [...inMemory.rows, ...inValkey.rows];
      const faults = [...inMemory.faults, ...inValkey.faults];
      return { tables: [{ title: 'Simultaneous requests for one cold resource', head: HEAD, rows }], faults };
    } finally {
      await origin.close();
      await store.kill();
    }
  },
};

async function runOn(storeName, storeUrl, targets, origin, around) {
  const gate = await startGate(`collapse-${storeName}`, proxySettings(origin.url, storeUrl), around);
  const crowd = await gatherCrowd(gate.url, CLIENTS);
  const rows = [];
  const faults = [];
  try {
    for (const target of targets) {
      const result = await askAtOnce(target, origin, crowd);
      const { about } = ANSWERS[target];
      console.error(`  ${about}, ${storeName}`);
      rows.push([about, storeName, CLIENTS, ...result.cells]);
      faults.push(...result.faults.map((fault) => `${about}, ${storeName}: ${fault}`));
    }
    faults.push(...gate.faults());
  } finally {
    await crowd.leave();
    await gate.end();
  }
  return { rows, faults };
}

async function askAtOnce(target, origin, crowd) {
  const { shared = false } = ANSWERS[target];
  const round = shared ? origin.expect(1, 1) : origin.expect(CLIENTS, 1);
  const received = await crowd.ask(target);
  await delay(LATER_MS);
  const later = shared ? origin.expect(0, 0) : origin.expect(LATER, 0);
  const receivedLater = await crowd.ask(target, LATER);
  return {
    cells: [
      round.asked.length,
      [...new Set(received.map(({ status }) => status))].join(', '),
      ...heldCells(heldMs(received, round)),
      ...[0.5, 0.99, 1].map((share) => ms(quantile(answeredMs(received), share))),
      shared ? '–' : received.length - new Set(received.map(({ body }) => body)).size,
      later.asked.length === 0 ? 'not asked' : ms(later.asked.at(-1).at - later.asked[0].at),
    ],
    faults: [
      ...faultsOf(target, received, round),
      ...faultsOf(target, receivedLater, later).map((fault) => `${LATER} later: ${fault}`),
    ],
  };
}

function heldCells(held) {
  return held.length === 0 ? ['–', '–'] : [ms(quantile(held, 0.5)), ms(quantile(held, 1))];
}

const ms = (value) => Math.round(value);
