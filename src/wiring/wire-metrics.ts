import type { Registry } from 'prom-client';
import { createMetrics } from '../observe/metrics.ts';
import type { GateObserver } from '../observe/observer.ts';
import { createSessionMetrics } from '../observe/session-metrics.ts';
import { measureStore } from '../observe/store-metrics.ts';
import type { ObservedStatistics } from '../statistics/create-statistics.ts';
import { VERSION } from '../version.ts';
import type { OpenStore } from './open-store.ts';

export interface MetricsParts {
  readonly services: () => readonly string[];
  /** How own sessions are judged; `null`: there are none. */
  readonly sessions: 'store' | 'jwt' | null;
}

/** What measures all that is told, in a server's registry or an application's own. */
export function wireMetrics(registry: Registry, { services, sessions }: MetricsParts): GateObserver {
  const metrics = createMetrics(registry, { version: VERSION, services });
  const own = sessions === null ? {} : createSessionMetrics(registry, {}, sessions === 'jwt');
  return { ...metrics, ...own };
}

/** Measures what is asked for at each scrape. */
export function wirePulledMetrics(
  registry: Registry,
  { store, near, state, operations }: OpenStore,
  statistics: ObservedStatistics,
): void {
  measureStore(registry, {
    state,
    ...(operations && { operations }),
    ...(near && { copies: near.copies }),
    ...(store && { limitBytes: async () => (await statistics.held())?.limitBytes ?? null }),
    async usage() {
      const stats = await statistics.getStatsAsync();
      return stats.enabled ? stats : null;
    },
  });
}
