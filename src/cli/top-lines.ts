import type { Format } from './format.ts';
import { shown, tableLines } from './table.ts';
import type { TopFrame, TopService } from './top-frame.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A frame as at most `rows` lines of at most `columns` characters. */
export function topLines(
  frame: TopFrame,
  address: string,
  /** What is wrong now: the frame is the last that there was. */
  trouble: string | null,
  { columns, rows }: Size,
  format: Format,
): string[] {
  const head = [
    headline(frame, address, format),
    storeLine(frame, format),
    trafficLine(frame, format),
    contentLine(frame, format),
    ...(frame.metrics
      ? []
      : ['no /metrics there (metrics: false): no latencies; requests are those that asked the cache']),
    ...(trouble === null ? [] : [trouble]),
    '',
  ];
  const foot = ['', 'q or Ctrl-C ends'];
  const services =
    frame.services.length === 0
      ? [nothingText(frame)]
      : serviceLines(frame.services, rows - head.length - foot.length, columns, format);
  const lines = [...head, ...services, ...foot].slice(0, rows);
  return lines.map((line) => cut(line, columns).trimEnd());
}

/** Statistics name every service, asked for or not. */
function nothingText({ metrics }: TopFrame): string {
  return metrics ? 'no service was asked for yet' : 'nothing is counted there (statistics_enabled: false)';
}

function headline({ at, ready, workers }: TopFrame, address: string, { time }: Format): string {
  const serving = workers === null ? '' : `, workers ${workers.ready} of ${workers.configured}`;
  return `cachegate at ${shown(address, 200)}: ${ready ? 'ready' : 'NOT READY'}${serving}  ${time(new Date(at))}`;
}

function storeLine({ store, sessions, store_errors_per_second: errors }: TopFrame, format: Format): string {
  const failing = errors !== null && errors > 0 ? `, errors ${format.perSecond(errors)}` : '';
  const own =
    sessions === null
      ? ''
      : sessions.degraded
        ? `  sessions: DEGRADED, by their tokens alone (kept: ${format.number(sessions.kept)})`
        : `  sessions: ${shown(sessions.mode)}`;
  const state =
    store.state === 'available' || store.state === 'none' ? store.state : store.state.toUpperCase();
  return `store: ${shown(store.type)}, ${shown(state)}${failing}${own}`;
}

function trafficLine(frame: TopFrame, format: Format): string {
  const { requests_per_second, hit_rate, overall_hit_rate, window_seconds } = frame;
  const of = window_seconds > 0 ? ` (${format.duration(Math.round(window_seconds))})` : '';
  const overall = overall_hit_rate === null ? '' : `, ${format.percent(overall_hit_rate)} (all)`;
  return `requests ${rate(requests_per_second, format)}  hit rate ${percent(hit_rate, format)}${of}${overall}`;
}

function contentLine({ total_entries, cache_size_bytes, average_ttl_remaining }: TopFrame, format: Format) {
  const entries = total_entries === null ? '-' : format.number(total_entries);
  const size = cache_size_bytes === null ? '-' : format.bytes(cache_size_bytes);
  const ttl = average_ttl_remaining === null ? '-' : format.duration(Math.max(0, average_ttl_remaining));
  return `entries ${entries}  size ${size}  average TTL left ${ttl}`;
}

const HEADINGS = ['SERVICE', 'REQ/S', 'HIT RATE', 'LOOKUP50', '95 %', 'ORIGIN/S', 'ORIGIN50', '95 %'];
const COLUMNS = HEADINGS.map((heading, index) => ({ heading, right: index > 0 }));
const MIN_NAME = 12;

function serviceLines(
  services: readonly TopService[],
  room: number,
  columns: number,
  format: Format,
): string[] {
  // One line has the headings, and one tells of those that have no room.
  const fitting = services.length + 1 <= room ? services : services.slice(0, Math.max(0, room - 2));
  const figures = fitting.map((service) => figuresOf(service, format));
  const widths = COLUMNS.slice(1).map(({ heading }, index) =>
    Math.max(heading.length, ...figures.map((row) => row[index]!.length)),
  );
  const taken = widths.reduce((sum, width) => sum + width + 2, 0);
  const rows = fitting.map(({ name }, index) => [
    cut(shown(name, 200), Math.max(MIN_NAME, columns - taken)),
    ...figures[index]!,
  ]);
  const more = services.length - fitting.length;
  return [...tableLines(COLUMNS, rows), ...(more === 0 ? [] : [`and ${format.number(more)} more`])];
}

function figuresOf(service: TopService, format: Format): string[] {
  const latency = (seconds: number | undefined) => (seconds === undefined ? '-' : format.latency(seconds));
  return [
    rate(service.requests_per_second, format),
    percent(service.hit_rate, format),
    latency(service.lookup?.p50),
    latency(service.lookup?.p95),
    rate(service.origin_per_second, format),
    latency(service.origin?.p50),
    latency(service.origin?.p95),
  ];
}

function rate(value: number | null, { perSecond }: Format): string {
  return value === null ? '-' : perSecond(value);
}

function percent(value: number | null, format: Format): string {
  return value === null ? '-' : format.percent(value);
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
