import type { Estimate, Stats, StatsOff } from '../statistics/stats.ts';
import type { Format } from './format.ts';
import { pairLines, shown, tableLines } from './table.ts';

/** Statistics for people, in lines. */
export function statsText(stats: Stats | StatsOff, format: Format): string {
  if (!stats.enabled) {
    return 'Statistics are off: statistics_enabled: true in the configuration turns them on.';
  }
  const lines = pairLines([
    [
      'Hit rate',
      stats.total_hits + stats.total_misses === 0
        ? 'nothing was asked for yet'
        : format.percent(stats.hit_rate),
    ],
    ['Requests', requests(stats, format)],
    ['Entries', stats.total_entries === null ? UNKNOWN : format.number(stats.total_entries)],
    ['Size', size(stats, format)],
    ['Average TTL left', averageTtl(stats, format)],
    [
      'Stored in',
      [stats.storage_type, stats.redis_url ?? '']
        .map((text) => shown(text, 200))
        .join(' ')
        .trim(),
    ],
    ['Counted in', COUNTED_IN[stats.statistics_storage] ?? shown(stats.statistics_storage)],
  ]);
  const services = serviceLines(stats, format);
  return [...lines, ...(services.length === 0 ? [] : ['', ...services])].join('\n');
}

const UNKNOWN = 'unknown: the store could not be asked';
const COUNTED_IN: Readonly<Record<string, string>> = {
  memory: 'this server, since its start',
  redis: 'the store, for all servers',
};

function requests({ total_requests, total_hits, total_misses }: Stats, { number }: Format): string {
  return `${number(total_requests)} (hits ${number(total_hits)}, misses ${number(total_misses)})`;
}

function size({ cache_size_bytes, sample }: Stats, format: Format): string {
  if (cache_size_bytes === null) return UNKNOWN;
  return format.bytes(cache_size_bytes) + interval(sample?.cache_size_bytes, format.bytes);
}

function averageTtl({ average_ttl_remaining, total_entries, sample }: Stats, format: Format): string {
  if (average_ttl_remaining === null) return total_entries === 0 ? 'nothing is stored' : UNKNOWN;
  const duration = (seconds: number) => format.duration(Math.max(0, seconds));
  return duration(average_ttl_remaining) + interval(sample?.average_ttl_remaining, duration, sample?.size);
}

function interval(
  estimate: Estimate | null | undefined,
  write: (value: number) => string,
  entries?: number,
): string {
  if (!estimate || estimate.low === estimate.high) return '';
  const of = entries === undefined ? '' : `, from ${entries} ${entries === 1 ? 'entry' : 'entries'}`;
  return ` (95 in 100: ${write(estimate.low)} to ${write(estimate.high)}${of})`;
}

const COLUMNS = [
  { heading: 'SERVICE' },
  ...['HIT RATE', 'HITS', 'MISSES'].map((heading) => ({ heading, right: true })),
];

function serviceLines({ per_service }: Stats, { number, percent }: Format): string[] {
  const services = Object.entries(per_service);
  if (services.length === 0) return [];
  const rows = services.map(([name, { hit_rate, total_hits, total_misses }]) => [
    shown(name),
    total_hits + total_misses === 0 ? '-' : percent(hit_rate),
    number(total_hits),
    number(total_misses),
  ]);
  return tableLines(COLUMNS, rows);
}
