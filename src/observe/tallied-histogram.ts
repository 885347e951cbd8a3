import type { Metric, Registry } from 'prom-client';

export interface TalliedHistogramOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  /** Upper bounds in seconds, the lowest first. */
  readonly buckets: readonly number[];
}

/** What was observed of one set of labels. */
export interface Observed {
  observeMs(durationMs: number): void;
}

/** What is observed of these labels, which is told from now on, with 0 too. */
export type ObservedOf<Label extends string> = (labels: Readonly<Record<Label, string>>) => Observed;

interface HistogramValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * A histogram of durations in a registry of prom-client's, told in seconds. Its own checks and hashes its labels with each
 * value, which costs as much as all else that is counted of a hit; here they are bound once.
 */
export function createTalliedHistogram<Label extends string>(
  registry: Registry,
  { name, help, buckets }: TalliedHistogramOptions<Label>,
): ObservedOf<Label> {
  const all: Series[] = [];
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({
      ...{ name, help, type: 'histogram', aggregator: 'sum' },
      values: all.flatMap((series) => series.values(name)),
    }),
    reset() {
      for (const series of all) series.reset();
    },
  };
  // What a registry asks of a metric is its name, `get` and `reset`; the type names prom-client's own classes alone.
  registry.registerMetric(metric as unknown as Metric<string>);
  return (labels) => {
    const series = new Series(labels, buckets);
    all.push(series);
    return series;
  };
}

class Series implements Observed {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #buckets: readonly number[];
  readonly #boundsMs: Float64Array;
  /** How many fell into each bucket and no lower one; the last: into none. */
  readonly #counts: Float64Array;
  #sumMs = 0;

  constructor(labels: Readonly<Record<string, string>>, buckets: readonly number[]) {
    this.#labels = labels;
    this.#buckets = buckets;
    this.#boundsMs = Float64Array.from(buckets, (seconds) => seconds * 1000);
    this.#counts = new Float64Array(buckets.length + 1);
  }

  observeMs(durationMs: number): void {
    // A wall clock that was set back measures less than nothing, and a sum that falls reads like a start from 0.
    const ms = Math.max(0, durationMs);
    const bounds = this.#boundsMs;
    let i = 0;
    while (i < bounds.length && ms > bounds[i]!) i++;
    this.#counts[i]! += 1;
    this.#sumMs += ms;
  }

  values(name: string): HistogramValue[] {
    const labels = this.#labels;
    let count = 0;
    const values: HistogramValue[] = [...this.#buckets, '+Inf'].map((le, i) => {
      count += this.#counts[i]!;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    values.push({ metricName: `${name}_sum`, labels, value: this.#sumMs / 1000 });
    values.push({ metricName: `${name}_count`, labels, value: count });
    return values;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#sumMs = 0;
  }
}
