import { AggregatorRegistry, type Registry } from 'prom-client';
import { type MetricsText, metricsText } from './metrics-text.ts';

/** What a process has measured, as prom-client has it in JSON. */
export type Measured = readonly object[];

/** What several processes measure, as one. */
export interface JoinedMetrics<Process extends object> {
  /** What a process has measured by now; takes the place of what it told before. */
  told(process: Process, measured: Measured): void;
  /** It is gone. What it has counted stays counted; how it stood does not. */
  ended(process: Process): void;
  text(): Promise<MetricsText>;
}

/**
 * Joins what processes tell. A sum of counters that a process has left would fall, which reads like a start from 0: all that
 * is left would be counted once more. So the last that each has told stays in the sum, be it late or gone.
 */
export function createJoinedMetrics<Process extends object>(): JoinedMetrics<Process> {
  const live = new Map<Process, Measured>();
  const ended = new WeakSet<Process>();
  let left: Measured = [];

  return {
    told(process, measured) {
      // It may end between the question and the answer.
      if (!ended.has(process)) live.set(process, measured);
    },
    ended(process) {
      ended.add(process);
      const last = live.get(process);
      live.delete(process);
      if (last !== undefined) left = joined([left, last.filter(isCount)]).getMetricsAsArray();
    },
    text: () => metricsText(joined([...live.values(), left])),
  };
}

function joined(parts: readonly Measured[]): Registry {
  return AggregatorRegistry.aggregate(parts.map((measured) => [...measured]));
}

function isCount(metric: object): boolean {
  const { type } = metric as { readonly type?: unknown };
  return type === 'counter' || type === 'histogram';
}
