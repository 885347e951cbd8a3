/** What a server has measured, as `/metrics` tells it. */
export interface Exposition {
  /** The series of a metric; none where there is no such metric. */
  series(name: string): readonly Series[];
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+([^ \t]+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads the text format of Prometheus; what is no line of it is passed over. */
export function parseExposition(text: string): Exposition {
  const found = new Map<string, Series[]>();
  for (const line of text.split('\n')) {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    const series = { labels: labelsIn(labels), value: numberIn(value) };
    const known = found.get(name);
    if (known === undefined) found.set(name, [series]);
    else known.push(series);
  }
  return { series: (name) => found.get(name) ?? [] };
}

function labelsIn(text: string): Record<string, string> {
  const labels: [string, string][] = [];
  for (const [, name = '', value = ''] of text.matchAll(LABEL)) labels.push([name, unescaped(value)]);
  return Object.fromEntries(labels);
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function numberIn(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/**
 * How much each series has grown, by the values of one label, the others added up. A counter that has fallen began anew,
 * as that of a process that was started again.
 */
export function growth(
  older: Exposition,
  newer: Exposition,
  name: string,
  label: string,
  isWanted: (labels: Series['labels']) => boolean = () => true,
): Map<string, number> {
  const key = ({ labels }: Series) => JSON.stringify(Object.entries(labels).sort());
  const before = new Map(older.series(name).map((series) => [key(series), series.value]));
  const grown = new Map<string, number>();
  for (const series of newer.series(name)) {
    if (!isWanted(series.labels) || !Number.isFinite(series.value)) continue;
    const by = series.value - (before.get(key(series)) ?? 0);
    const value = series.labels[label] ?? '';
    grown.set(value, (grown.get(value) ?? 0) + (by < 0 ? series.value : by));
  }
  return grown;
}

/** The sum of a gauge's series; `null` where there is none. */
export function total(exposition: Exposition, name: string): number | null {
  const series = exposition.series(name);
  return series.length === 0 ? null : series.reduce((sum, { value }) => sum + value, 0);
}

/**
 * The value below which a share of what a histogram has seen lies, taken as spread evenly in its bucket; `null` where it has
 * seen nothing.
 * @param buckets how many lay at or below each bound (`le`)
 */
export function quantile(share: number, buckets: ReadonlyMap<string, number>): number | null {
  const sorted = [...buckets]
    .map(([bound, count]) => [numberIn(bound), count] as const)
    .sort(([a], [b]) => a - b);
  const count = sorted.at(-1)?.[1] ?? 0;
  if (count <= 0) return null;
  const rank = share * count;
  let [lower, below] = [0, 0];
  for (const [bound, upTo] of sorted) {
    if (upTo >= rank) {
      if (!Number.isFinite(bound) || upTo === below) return lower;
      return lower + ((bound - lower) * (rank - below)) / (upTo - below);
    }
    [lower, below] = [Number.isFinite(bound) ? bound : lower, upTo];
  }
  return lower;
}
