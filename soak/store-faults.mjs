import { setTimeout as delay } from 'node:timers/promises';

/**
 * What happens to the store while the load runs. `deadlineMs` is what the store may add to a request.
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} about
 * @property {number} seconds how long the load runs
 * @property {(store: import('./store.mjs').Store) => Promise<number>} act answers when the store was well again
 */

/** @type {Scenario[]} */
export const scenarios = [
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
