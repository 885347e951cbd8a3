import type { Tracing, TracingOptions } from './tracing.ts';

// Where @opentelemetry/api 1 keeps what an SDK has registered, for all copies of it in a process.
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

export interface OpenTracingOptions extends Omit<TracingOptions, 'version'> {
  /** Of this package, or how to read it: only where somebody traces. */
  readonly version: string | (() => Promise<string>);
}

/** Tracing, where an SDK of OpenTelemetry has been registered by now; else `null`, and nothing of it is even loaded. */
export async function openTracing({ version, ...options }: OpenTracingOptions): Promise<Tracing | null> {
  if (!(REGISTERED in globalThis)) return null;
  const { createTracing } = await import('./create-tracing.ts');
  return createTracing({ ...options, version: typeof version === 'string' ? version : await version() });
}
