import { GATES, loadFleetParts, startFleet } from './fleet.mjs';

const OPERATIONS = Number(process.env.COHERENCE_OPERATIONS ?? 100_000);
const SEED = Number(process.env.COHERENCE_SEED ?? Date.now() % 1_000_000);
const SHOWN = 5;

/** @type {import('./run.mjs').Case} */
export const coherence = {
  name: 'coherence',
  about: `${OPERATIONS} random reads and purges on ${GATES} processes, whose links to the store break (seed ${SEED})`,
  run: async (around) => judge(await loadFleetParts(), around),
};

async function judge(parts, around) {
  const origin = await parts.startCoherenceOrigin(GATES, SEED);
  const fleet = await startFleet('coherence', parts, origin, around, { proxied: true });
  try {
    const startedAt = performance.now();
    const run = { seed: SEED, operations: OPERATIONS };
    const history = await parts.runCoherence(fleet, origin, run);
    const seconds = (performance.now() - startedAt) / 1_000;
    const violations = parts.violationsOf(history);
    return {
      tables: [tableOf(history, violations, seconds)],
      faults: [...told(violations), ...fleet.faults()],
    };
  } finally {
    await fleet.end();
    await origin.close();
  }
}

function tableOf({ reads, purges, disturbances, hits, failedPurges }, violations, seconds) {
  return {
    title: 'Coherence of four processes',
    head: [
      ...['seed', 'operations', 'seconds', 'reads', 'answered from cache', 'purges', 'with wait'],
      ...['not acknowledged', 'links broken', 'forbidden answers'],
    ],
    rows: [
      [
        ...[SEED, OPERATIONS, Math.round(seconds), reads.length],
        `${((100 * hits) / reads.length).toFixed(1)} %`,
        ...[purges.length, purges.filter(({ wait }) => wait).length, failedPurges],
        ...[disturbances.length, violations.length],
      ],
    ],
  };
}

function told(violations) {
  const first = violations
    .slice(0, SHOWN)
    .map(({ read, why }) => `gate ${read.gate}, ${read.key}: ${why} (${read.about})`);
  return violations.length > SHOWN ? [...first, `and ${violations.length - SHOWN} more`] : first;
}
