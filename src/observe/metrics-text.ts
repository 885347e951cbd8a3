import { AggregatorRegistry, type Registry } from 'prom-client';

/** In the text format of Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export async function metricsText(registry: Registry): Promise<MetricsText> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** What several processes have measured, as one. */
export async function aggregatedMetricsText(parts: readonly (readonly object[])[]): Promise<MetricsText> {
  return metricsText(AggregatorRegistry.aggregate(parts.map((metrics) => [...metrics])));
}
