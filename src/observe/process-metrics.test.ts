import { Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { measureProcess } from './process-metrics.ts';

describe('measureProcess', () => {
  it('tells of the process, in as many registries as there are', async () => {
    for (const registry of [new Registry(), new Registry()]) {
      measureProcess(registry);
      const text = await registry.metrics();
      expect(text).toMatch(/^process_cpu_seconds_total [\d.]+$/m);
      expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
      expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
      // A gauge with the name of a counter.
      expect(text).not.toContain('nodejs_active_handles_total');
    }
  });

  it('leaves what an application tells itself', async () => {
    const registry = new Registry();
    new Gauge({ name: 'process_resident_memory_bytes', help: 'own', registers: [registry] }).set(1);
    measureProcess(registry);
    expect(await registry.getSingleMetricAsString('process_resident_memory_bytes')).toMatch(
      / own\n.*\n.* 1$/,
    );
  });
});
