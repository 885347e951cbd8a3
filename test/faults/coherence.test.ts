import { afterEach, describe, expect, it } from 'vitest';
import { BOUNDS, violationsOf } from '../fleet/coherence.ts';
import { runCoherence, startCoherenceOrigin } from '../fleet/coherence-run.ts';
import type { FleetOrigin } from '../fleet/fleet-origin.ts';
import { type LocalFleet, startLocalFleet } from '../fleet/local-fleet.ts';

const GATES = 4;
const OPERATIONS = 2_000;
// On a machine that does other things too.
const PATIENCE_MS = 90_000;
const SEED = Number(process.env.COHERENCE_SEED ?? Date.now() % 1_000_000);

// `npm run soak -- coherence` is the long run, with real processes and with bounds in time.
describe(`four gates on one Valkey (seed ${SEED})`, () => {
  let origin: FleetOrigin;
  let fleet: LocalFleet | null = null;
  afterEach(async () => {
    await fleet?.close();
    fleet = null;
    await origin.close();
  });

  async function run(disturbed: boolean) {
    origin = await startCoherenceOrigin(GATES, SEED);
    fleet = await startLocalFleet(origin.urls);
    return runCoherence(fleet, origin, { seed: SEED, operations: OPERATIONS, disturbed });
  }
  // What a gate may keep it may keep for this long by its own clock, so that no slow machine makes it longer.
  const untimed = { promptMs: BOUNDS.disturbedMs, disturbedMs: BOUNDS.disturbedMs };

  it(
    'answer with nothing that was purged, and at once when the purge waited',
    async () => {
      const history = await run(false);
      expect(violationsOf(history, untimed)).toEqual([]);
      expect(history.failedPurges).toBe(0);
      expect(history.hits).toBeGreaterThan(OPERATIONS / 3);
    },
    PATIENCE_MS,
  );

  it(
    'do so while their links to the store break',
    async () => {
      const history = await run(true);
      expect(violationsOf(history, untimed)).toEqual([]);
      expect(history.purges.length).toBeGreaterThan(history.failedPurges * 2);
    },
    PATIENCE_MS,
  );
});
