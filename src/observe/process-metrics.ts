import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';

// prom-client names these gauges as counters are named, which a check of the text calls a fault.
const MISNAMED = /^nodejs_active_\w+_total$/;

// Every 10 ms, as by default, it takes 2 % of a busy process.
const LOOKS_EVERY_MS = 100;

let measured: readonly Metric<string>[] | null = null;

/**
 * Tells of the process too: processor time, memory, open files, and what keeps the event loop from its work. It is measured
 * once in a process, however many registries tell of it. What a registry tells already stays as it is.
 */
export function measureProcess(registry: Registry): void {
  measured ??= measure();
  for (const metric of measured) {
    if (registry.getSingleMetric(nameOf(metric)) === undefined) registry.registerMetric(metric);
  }
}

function measure(): readonly Metric<string>[] {
  const own = new Registry();
  collectDefaultMetrics({ register: own, eventLoopMonitoringPrecision: LOOKS_EVERY_MS });
  // The type says objects; they are the metrics themselves.
  const metrics = own.getMetricsAsArray() as unknown as Metric<string>[];
  return metrics.filter((metric) => !MISNAMED.test(nameOf(metric)));
}

// Each has one, of which the type knows nothing.
function nameOf(metric: Metric<string>): string {
  return (metric as unknown as { readonly name: string }).name;
}
