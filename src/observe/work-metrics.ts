import { Gauge, type Registry } from 'prom-client';
import type {
  PurgedSubject,
  PurgeObserver,
  StoreObserver,
  ValueObserver,
  WarmObserver,
  WarmState,
} from './observer.ts';
import { createTalliedCounter, type Tally } from './tallied-counter.ts';

type WorkObserver = PurgeObserver &
  WarmObserver &
  ValueObserver &
  Pick<StoreObserver, 'storeTrackingChanged'>;

const WARM_STATES = ['running', 'done', 'cancelled'] as const satisfies readonly WarmState[];
const PURGED_BY = ['url', 'tag', 'service'] as const satisfies readonly PurgedSubject['by'][];
const PURGE_MODES = ['hard', 'soft'] as const satisfies readonly PurgedSubject['mode'][];
/** The name of an application's own cached values. */
const VALUES = 'values';

/** Measures what is done beside requests: purges, warming, cached values, and whether changes of others are heard of. */
export function createWorkMetrics(registry: Registry): WorkObserver {
  return {
    ...purgeMetrics(registry),
    ...warmMetrics(registry),
    ...valueMetrics(registry),
    ...trackingMetrics(registry),
  };
}

function purgeMetrics(registry: Registry): PurgeObserver {
  const purges = createTalliedCounter(registry, {
    name: 'cachegate_purges_total',
    help: 'Purges, by what was named, by whether it was deleted or made stale, and by how they ended.',
    labelNames: ['by', 'mode', 'result'],
  });
  const keyOf = ({ by, mode }: PurgedSubject, result: string) => `${by} ${mode} ${result}`;
  const tallies = new Map<string, Tally>();
  for (const by of PURGED_BY) {
    for (const mode of PURGE_MODES) {
      for (const result of ['done', 'failed']) {
        tallies.set(keyOf({ by, mode, names: [] }, result), purges({ by, mode, result }));
      }
    }
  }
  const count = (purge: PurgedSubject, result: string) => {
    tallies.get(keyOf(purge, result))!.count++;
  };
  return {
    purged: (purge) => count(purge, 'done'),
    purgeFailed: (purge) => count(purge, 'failed'),
  };
}

function warmMetrics(registry: Registry): WarmObserver {
  const jobs = createTalliedCounter(registry, {
    name: 'cachegate_warm_jobs_total',
    help: 'Warming jobs that have come to a state.',
    labelNames: ['state'],
  });
  const items = createTalliedCounter(registry, {
    name: 'cachegate_warm_items_total',
    help: 'Items of warming jobs: stored and fresh now, or not.',
    labelNames: ['result'],
  });
  const states = new Map(WARM_STATES.map((state) => [state, jobs({ state })]));
  const warmed = items({ result: 'warmed' });
  const failed = items({ result: 'failed' });
  return {
    warmJobChanged(_jobId, state) {
      states.get(state)!.count++;
    },
    warmed(_jobId, _id, reason) {
      if (reason === null) warmed.count++;
      else failed.count++;
    },
  };
}

function valueMetrics(registry: Registry): ValueObserver {
  const lookups = createTalliedCounter(registry, {
    name: 'cachegate_value_lookups_total',
    help: "Look-ups of an application's cached values: there, or not.",
    labelNames: ['name', 'result'],
  });
  const known = new Map<string, { readonly hits: Tally; readonly misses: Tally }>();
  const tallyOf = (name: string) => {
    let tallies = known.get(name);
    if (tallies === undefined) {
      tallies = { hits: lookups({ name, result: 'hit' }), misses: lookups({ name, result: 'miss' }) };
      known.set(name, tallies);
    }
    return tallies;
  };
  tallyOf(VALUES);
  return {
    valueLookedUp(name, hit) {
      const { hits, misses } = tallyOf(name);
      if (hit) hits.count++;
      else misses.count++;
    },
  };
}

function trackingMetrics(registry: Registry): Pick<StoreObserver, 'storeTrackingChanged'> {
  const tracking = new Gauge({
    name: 'cachegate_store_tracking',
    help: 'Whether changes by others are heard of (1); where they are not (0), no copies are kept.',
    registers: [registry],
    // Of several processes, the worst.
    aggregator: 'min',
  });
  tracking.set(1);
  return { storeTrackingChanged: (isTracking) => tracking.set(isTracking ? 1 : 0) };
}
