import { setTimeout as delay } from 'node:timers/promises';
import { ORIGIN_TIME_MS, startCollapseOrigin } from './collapse-origin.mjs';
import { gatherCrowd } from './crowd.mjs';
import { proxySettings, startGate } from './gate.mjs';
import { startStore } from './store.mjs';

const CLIENTS = 5_000;
const LATER = 20;
const LATER_MS = 2_000;
// Beyond the one answer that it waits for, a request is on its way for as long as the two cores take for all 5,000.
const SETTLING_MS = 8_000;
const REPRESENTATION = 'an answer';

/** The answers that an origin gives, by target. `shared`: one of them answers everyone. */
const ANSWERS = {
  '/storable': { about: 'max-age', shared: true, fields: () => ({ 'Cache-Control': 'max-age=60' }) },
  '/private': { about: 'private', fields: () => ({ 'Cache-Control': 'private, max-age=60' }) },
  '/no-store': { about: 'no-store', fields: () => ({ 'Cache-Control': 'no-store' }) },
  '/cookie': {
    about: 'Set-Cookie',
    fields: (number) => ({ 'Cache-Control': 'max-age=60', 'Set-Cookie': `id=${number}` }),
  },
  '/failed': { about: '500', status: 500, fields: () => ({ status: 500 }) },
  '/no-cache': {
    about: 'no-cache, ETag',
    fields: (number) => ({ 'Cache-Control': 'no-cache', ETag: `"${number}"` }),
  },
  '/varied': {
    about: 'Vary, all different',
    fields: () => ({ 'Cache-Control': 'max-age=60', Vary: 'Client' }),
  },
};

const HEAD = [
  ...['answer', 'store', 'clients', 'origin asked', 'statuses', 'held p50 ms', 'held at most ms'],
  ...['answered p50 ms', 'p99 ms', 'last ms', 'given twice', `${LATER} later: last at the origin after ms`],
];

/** @type {import('./run.mjs').Case} */
export const collapse = {
  name: 'collapse',
  about: `${CLIENTS} clients ask for one cold resource at once; the origin takes ${ORIGIN_TIME_MS} ms`,
  async run(around) {
    const origin = await startCollapseOrigin((target, number) => ANSWERS[target].fields(number));
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
  const round = origin.expect(1, shared ? 1 : CLIENTS);
  const received = await crowd.ask(target);
  await delay(LATER_MS);
  const later = origin.expect(0, shared ? 0 : LATER);
  const receivedLater = await crowd.ask(target, LATER);
  const held = shared ? [] : heldMs(received, round);
  const answered = received.map(({ sentAt, doneAt }) => doneAt - sentAt);
  return {
    cells: [
      round.asked.length,
      [...new Set(received.map(({ status }) => status))].join(', '),
      ...(shared ? ['–', '–'] : [quantile(held, 0.5), quantile(held, 1)]),
      ...[0.5, 0.99, 1].map((q) => quantile(answered, q)),
      shared ? '–' : received.length - new Set(received.map(({ body }) => body)).size,
      shared ? 'none asked' : quantile(sinceFirst(later.asked), 1),
    ],
    faults: [
      ...faultsOf(target, received, round, held),
      ...faultsOf(target, receivedLater, later, shared ? [] : heldMs(receivedLater, later)).map(
        (fault) => `later: ${fault}`,
      ),
    ],
  };
}
