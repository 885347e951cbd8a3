import { describe, expect, it } from 'vitest';
import { LEAST_HIT_SHARE, tryModel } from './campaign.ts';
import { createSubject } from './subject.ts';

// Every answer of the cache must be one that a slow, obvious model of RFC 9111 allows. `npm run soak -- model` takes a
// million steps.

const STEPS = 3_000;
const SEEDS = [1, 2, Math.floor(Math.random() * 2 ** 31)];

describe.each(['safe', 'rfc'] as const)('in mode %s', (mode) => {
  it.each(SEEDS)('the cache gives no answer that the model forbids (seed %i)', async (seed) => {
    const { described, hitShare } = await tryModel({ seed, steps: STEPS, mode, createSubject });
    expect(described).toBeNull();
    expect(hitShare).toBeGreaterThan(LEAST_HIT_SHARE);
  });
});

it('the same seed gives the same run', async () => {
  const run = () => tryModel({ seed: 3, steps: 800, mode: 'safe', createSubject });
  expect(await run()).toEqual(await run());
});
