import { setTimeout as delay } from 'node:timers/promises';
import { runScenario } from './scenario.mjs';

/**
 * What happens to the store while the load runs.
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} about
 * @property {number} seconds how long the load runs
 * @property {(store: import('./store.mjs').Store) => Promise<number>} act answers when the store was well again
 */

/** @type {Scenario[]} */
const scenarios = [
  {
    name: 'steady',
    about: 'nothing happens: what the others are compared with',
    seconds: 8,
    act: async () => performance.now(),
  },
  {
    name: 'killed',
    about: 'the store is killed after 3 s and started again, empty, after 5 s more',
    seconds: 14,
    async act(store) {
      await delay(3_000);
      await store.kill();
      await delay(5_000);
      await store.start();
      return performance.now();
    },
  },
  {
    name: 'frozen',
    about: 'the store is stopped (SIGSTOP) after 3 s and goes on after 5 s more',
    seconds: 14,
    async act(store) {
      await delay(3_000);
      store.signal('SIGSTOP');
      await delay(5_000);
      store.signal('SIGCONT');
      return performance.now();
    },
  },
];

const HEAD = [
  ...['scenario', 'requests', 'not 2xx', 'socket errors', 'p50 ms', 'p99 ms', 'slowest ms'],
  ...['authority and origin calls', 'back after ms'],
];

/** @type {import('./run.mjs').Case[]} */
export const storeFaults = scenarios.map((scenario) => ({
  name: scenario.name,
  about: scenario.about,
  async run(around) {
    const { figures, faults } = await runScenario(scenario, around);
    return {
      tables: [{ title: 'Failure of the store', head: HEAD, rows: [Object.values(figures)] }],
      faults,
    };
  },
}));
