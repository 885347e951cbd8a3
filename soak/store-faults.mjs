import { setTimeout as delay } from 'node:timers/promises';
import { runScenario } from './scenario.mjs';

const BEFORE_MS = 2_000;
const LASTS_MS = 4_000;

/**
 * What happens to the store while the load runs.
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} about
 * @property {'server' | 'proxied' | 'cluster'} on
 * @property {(store: import('./fault-store.mjs').FaultStore) => Promise<unknown>} begin
 * @property {(store: import('./fault-store.mjs').FaultStore) => Promise<unknown>} end after which the store is well
 * @property {boolean} [nearCaches] `false`: only without the near cache, which would hide what is to be seen
 * @property {number} [freshSeconds]
 * @property {number} [mostKeysShare] of the keys asked for, how many may be asked of the origin
 */

const nothing = async () => {};

/** @type {Scenario[]} */
const scenarios = [
  {
    ...{ name: 'steady', about: 'nothing happens: what the others are compared with' },
    ...{ on: 'server', begin: nothing, end: nothing },
  },
  {
    ...{ name: 'killed', about: 'killed, and started again, empty' },
    ...{ on: 'server', begin: ({ server }) => server.kill(), end: ({ server }) => server.start() },
  },
  {
    ...{ name: 'frozen', about: 'stopped (SIGSTOP), and goes on' },
    on: 'server',
    begin: async ({ server }) => server.signal('SIGSTOP'),
    end: async ({ server }) => server.signal('SIGCONT'),
  },
  slow('slow-100-ms', 50),
  slow('slow-1-s', 500),
  {
    ...{ name: 'memory-full', about: 'out of memory, with noeviction: it takes no writes' },
    on: 'server',
    begin: ({ command }) => command(['CONFIG', 'SET', 'maxmemory', '1']),
    end: ({ command }) => command(['CONFIG', 'SET', 'maxmemory', '0']),
  },
  {
    ...{ name: 'read-only', about: 'has become a replica: it takes no writes' },
    on: 'server',
    begin: ({ command }) => command(['REPLICAOF', '127.0.0.1', '1']),
    end: ({ command }) => command(['REPLICAOF', 'NO', 'ONE']),
  },
  {
    ...{ name: 'half-open', about: 'connections stay, and nothing comes through them' },
    on: 'proxied',
    begin: async ({ proxy }) => proxy.swallow(),
    end: async ({ proxy }) => proxy.heal(),
  },
  {
    ...{
      name: 'cluster-failover',
      about: 'one of three masters of a Cluster is killed; its replica takes over',
    },
    on: 'cluster',
    ...{ nearCaches: false, freshSeconds: 600, mostKeysShare: 0.5 },
    async begin({ cluster }) {
      const [master] = await cluster.masters();
      await master.kill();
      await cluster.well({ replicated: false });
    },
    end: nothing,
  },
];

function slow(name, eachWayMs) {
  return {
    ...{
      name,
      about: `answers ${2 * eachWayMs} ms later than it would`,
      on: /** @type {const} */ ('proxied'),
    },
    begin: async ({ proxy }) => proxy.delay(eachWayMs),
    end: async ({ proxy }) => proxy.heal(),
  };
}

/** @param {Scenario} scenario */
const act = (scenario) => async (store) => {
  await delay(BEFORE_MS);
  const startedAt = performance.now();
  await scenario.begin(store);
  await delay(Math.max(0, startedAt + LASTS_MS - performance.now()));
  await scenario.end(store);
  return performance.now();
};

const HEAD = [
  ...['scenario', 'near cache', 'requests', 'not 2xx', 'socket errors', 'p50 ms', 'p99 ms', 'slowest ms'],
  ...[
    'p99 before',
    'authority and origin calls',
    'keys asked of the origin',
    'memory grown MiB',
    'back after ms',
  ],
];

/** @type {import('./run.mjs').Case[]} */
export const storeFaults = scenarios.map((scenario) => ({
  name: scenario.name,
  group: 'store-faults',
  about: `the store under load: ${scenario.about}`,
  async run(around) {
    const rows = [];
    const faults = [];
    for (const nearCache of scenario.nearCaches === false ? ['off'] : ['on', 'off']) {
      const result = await runScenario({ ...scenario, nearCache, act: act(scenario) }, around);
      rows.push(Object.values(result.figures));
      faults.push(...result.faults.map((fault) => `near cache ${nearCache}: ${fault}`));
    }
    return { tables: [{ title: 'Failure of the store', head: HEAD, rows }], faults };
  },
}));
