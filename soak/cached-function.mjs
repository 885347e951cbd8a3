import { startChild } from './child.mjs';
import { startStore } from './store.mjs';

const PROCESSES = 4;
const CALLS = 1_000;
const TOOK_MS = 1_000;

/** From here on, arguments of each round are its own. */
const ROUNDS = [
  { about: 'one argument', keys: 1, kills: false },
  { about: '50 arguments', keys: 50, kills: false },
  { about: 'one argument, the store killed meanwhile', keys: 1, kills: true },
  { about: 'one argument, the store away', keys: 1, kills: false },
];

const HEAD = ['what', 'processes', 'calls', 'right results', 'executions', 'rejections', 'last ms'];

/** @type {import('./run.mjs').Case} */
export const cachedFunction = {
  name: 'cached-function',
  about: `${PROCESSES} processes make ${CALLS} calls of a cached function at once, in all; it takes ${TOOK_MS} ms`,
  async run() {
    const store = await startStore();
    const children = Array.from({ length: PROCESSES }, () => startCaller(store.url));
    const rows = [];
    const faults = [];
    try {
      // None of them meets its first call by the hundred.
      await Promise.all(children.map((child) => child.ask({ calls: 1, from: -1, keys: 1, tookMs: 0 })));
      for (const [i, round] of ROUNDS.entries()) {
        const { cells, found } = await runRound(round, i * 1_000, children, store);
        rows.push([round.about, PROCESSES, CALLS, ...cells]);
        faults.push(...found.map((fault) => `${round.about}: ${fault}`));
      }
    } finally {
      await Promise.all(children.map((child) => child.end()));
      await store.kill();
    }
    return { tables: [{ title: 'Simultaneous calls of a cached function', head: HEAD, rows }], faults };
  },
};

async function runRound({ keys, kills }, from, children, store) {
  const isAway = from === (ROUNDS.length - 1) * 1_000;
  const answers = children.map((child) =>
    child.ask({ calls: CALLS / PROCESSES, from, keys, tookMs: TOOK_MS }),
  );
  if (kills) {
    await new Promise((resolve) => setTimeout(resolve, TOOK_MS / 2));
    await store.kill();
  }
  const counts = await Promise.all(answers);
  const sum = (field) => counts.reduce((all, each) => all + each[field], 0);
  const lastMs = Math.max(...counts.map(({ lastMs: ms }) => ms));
  const found = [];
  if (sum('right') !== CALLS) found.push(`${CALLS - sum('right')} results were not right`);
  if (sum('rejected') > 0) found.push(`${sum('rejected')} calls were rejected`);
  // Without a store each process is on its own.
  const allowed = keys * (kills || isAway ? PROCESSES : 1);
  if (sum('executions') > allowed) found.push(`${sum('executions')} executions, and not ${allowed}`);
  return { cells: [sum('right'), sum('executions'), sum('rejected'), Math.round(lastMs)], found };
}

function startCaller(url) {
  return startChild(new URL('./cached-function-process.mjs', import.meta.url), [url]);
}
