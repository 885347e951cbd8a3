import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';

export interface ReloadMetrics {
  /** Measures how a reload ends, refused (rejected) or not; ends as it does. */
  watch(reload: Promise<void>): Promise<void>;
}

/** Measures how the last reload ended, as Prometheus does of its own. The configuration of the start counts as one. */
export function createReloadMetrics(registry: Registry, clock: Clock): ReloadMetrics {
  const registers = [registry];
  const successful = new Gauge({
    name: 'cachegate_config_last_reload_successful',
    help: 'Whether the configuration that was loaded last is in force (1), or was refused (0).',
    registers,
    // Of several processes, the worst; as below.
    aggregator: 'min',
  });
  const successfulAt = new Gauge({
    name: 'cachegate_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration in force was taken on, in seconds since the epoch.',
    registers,
    aggregator: 'min',
  });

  function succeeded(): void {
    successful.set(1);
    successfulAt.set(clock.now() / 1_000);
  }

  succeeded();
  return {
    async watch(reload) {
      try {
        await reload;
      } catch (error) {
        successful.set(0);
        throw error;
      }
      succeeded();
    },
  };
}
