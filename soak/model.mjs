import { withModel } from '../test/model/load.mjs';

const STEPS = Number(process.env.MODEL_STEPS ?? 1_000_000);
const SEED = Number(process.env.MODEL_SEED ?? Date.now() % 1_000_000);
const MUTATION_SEEDS = 5;
const MUTATION_STEPS = 100_000;

/** @type {import('./run.mjs').Case} */
export const model = {
  name: 'model',
  about: `${STEPS} random steps in each mode against a model of RFC 9111 (seed ${SEED}), and mutations that it must find`,
  run: () =>
    withModel(async (modules) => {
      const trials = await tryBothModes(modules);
      const broken = await tryMutations(modules);
      return {
        tables: [modeTable(trials), mutationTable(broken)],
        faults: [
          ...trials.flatMap(({ described }) => described ?? []),
          ...trials
            .filter(({ hitShare }) => hitShare < modules.LEAST_HIT_SHARE)
            .map(({ mode }) => `${mode}: hardly anything was answered from cache`),
          ...broken.filter(({ steps }) => steps.includes(null)).map(({ name }) => `not found: ${name}`),
        ],
      };
    }),
};

/** @param {typeof import('../test/model/campaign.ts') & typeof import('../test/model/mutant.ts')} modules */
async function tryBothModes({ buildSubject, tryModel }) {
  const createSubject = await buildSubject(null);
  const trials = [];
  for (const mode of ['safe', 'rfc']) {
    trials.push(await tryModel({ seed: SEED, steps: STEPS, mode, createSubject }));
  }
  return trials;
}

async function tryMutations({ mutations, tryMutation }) {
  const seeds = Array.from({ length: MUTATION_SEEDS }, (_, i) => SEED + i);
  const trials = [];
  for (const mutation of mutations) trials.push(await tryMutation(mutation, seeds, MUTATION_STEPS));
  return trials;
}

const modeTable = (trials) => ({
  title: 'The cache and the model',
  head: [
    'mode',
    'seed',
    'steps',
    'exchanges with the origin',
    'reads answered from cache',
    'forbidden answers',
  ],
  rows: trials.map(({ mode, seed, steps, exchanges, hitShare, fault }) => [
    ...[mode, seed, steps, exchanges, `${(100 * hitShare).toFixed(1)} %`],
    fault === null ? 0 : 1,
  ]),
});

const mutationTable = (trials) => ({
  title: 'Mutations, and the steps until the model found them',
  head: ['broken', 'steps, seed by seed', 'what it found'],
  rows: trials.map(({ name, steps, reason }) => [
    name,
    steps.map((count) => count ?? 'not found').join(', '),
    reason ?? '',
  ]),
});
