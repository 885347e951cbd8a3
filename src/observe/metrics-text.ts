import type { Registry } from 'prom-client';

/** In the text format of Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export async function metricsText(registry: Registry): Promise<MetricsText> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
