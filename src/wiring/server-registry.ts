import { Registry } from 'prom-client';
import { measureProcess } from '../observe/process-metrics.ts';

/** A server's own registry, which tells of the process too. */
export function createServerRegistry(): Registry {
  const registry = new Registry();
  measureProcess(registry);
  return registry;
}
