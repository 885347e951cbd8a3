import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { tryMutation } from './campaign.ts';
import { everyday, mutations } from './mutations.ts';

// The model is worth something if it sees a cache that breaks one clause. The soak tries all of them, with more seeds.

const SRC = resolve(import.meta.dirname, '../../src');
const SEEDS = [1, 2];
const ENOUGH_STEPS = 20_000;

it.each(mutations)('there is something to break: $name', ({ file, from }) => {
  expect(readFileSync(resolve(SRC, file), 'utf8').split(from)).toHaveLength(2);
});

it.each(everyday)('finds: $name', async (mutation) => {
  const { steps } = await tryMutation(mutation, SEEDS, ENOUGH_STEPS);
  expect(steps).not.toContain(null);
});
