import { Gauge, type Registry } from 'prom-client';
import type { GateObserver } from './observer.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { createValidationMetrics } from './validation-metrics.ts';
import { createWorkMetrics } from './work-metrics.ts';

export interface MetricsOptions {
  /** Of the product. */
  readonly version: string;
  /** The services of the configuration in force; one that comes later is told from then on. */
  readonly services: () => readonly string[];
}

/**
 * Measures what is told of requests, sessions of remote systems, purges, warming and values, in a registry of prom-client's:
 * a server's, or an application's own. Label values are of the configuration or of fixed sets, never of requests. What is
 * told of own sessions has `createSessionMetrics`, and of the store `measureStore`.
 *
 * @throws Error where the registry has metrics of these names
 */
export function createMetrics(registry: Registry, { version, services }: MetricsOptions): GateObserver {
  const build = new Gauge({
    name: 'cachegate_build_info',
    help: 'Always 1; the version that runs.',
    labelNames: ['version'] as const,
    registers: [registry],
    aggregator: 'max',
  });
  build.set({ version }, 1);
  return {
    ...createRequestMetrics(registry, services),
    ...createValidationMetrics(registry),
    ...createWorkMetrics(registry),
  };
}
