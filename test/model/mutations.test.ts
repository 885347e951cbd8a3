import { expect, it } from 'vitest';
import { tryMutation } from './campaign.ts';
import { everyday } from './mutations.ts';

// The model is worth something if it sees a cache that breaks one clause.

const SEEDS = [1, 2];
const ENOUGH_STEPS = 20_000;

it.each(everyday)('finds: $name', async (mutation) => {
  const { steps } = await tryMutation(mutation, SEEDS, ENOUGH_STEPS);
  expect(steps).not.toContain(null);
});
