import { Counter, Gauge, type Registry } from 'prom-client';
import type { OwnSessionObserver } from './observer.ts';

/**
 * Measures own sessions, in a registry of prom-client's: the application's own, or a server's.
 * @param next is told all the same
 * @param isDegraded whether they are judged by their tokens alone from the start (mode `jwt`)
 */
export function createSessionMetrics(
  registry: Registry,
  next: OwnSessionObserver = {},
  isDegraded = false,
): OwnSessionObserver {
  const registers = [registry];
  const degraded = new Gauge({
    name: 'cachegate_sessions_degraded',
    help: 'Whether sessions are judged by their tokens alone (1), since the store is away.',
    registers,
    // Of several processes, the worst.
    aggregator: 'max',
  });
  degraded.set(isDegraded ? 1 : 0);
  const kept = new Gauge({
    name: 'cachegate_sessions_kept',
    help: 'Logouts and writes that are kept until the store is back.',
    registers,
    aggregator: 'sum',
  });
  const lookups = new Counter({
    name: 'cachegate_session_lookups_total',
    help: 'Look-ups of sessions in the store: there, ended or never there, or not to be asked.',
    labelNames: ['result'] as const,
    registers,
  });
  const counted = {
    hit: lookups.labels('hit'),
    miss: lookups.labels('miss'),
    error: lookups.labels('error'),
  };
  // A result that is not there yet is 0, not unknown.
  for (const result of Object.values(counted)) result.inc(0);
  return {
    ...next,
    ownSessionLookedUp(result) {
      counted[result].inc();
      next.ownSessionLookedUp?.(result);
    },
    sessionsDegraded(now, changes, error) {
      degraded.set(now ? 1 : 0);
      next.sessionsDegraded?.(now, changes, error);
    },
    sessionChangesKept(count) {
      kept.set(count);
      next.sessionChangesKept?.(count);
    },
  };
}
