import type { Stats, StatsOff } from '../statistics/stats.ts';
import { type Exposition, growth, quantile, total } from './exposition.ts';
import type { Ready, TopSample } from './top-sample.ts';

/** What `top` shows at an instant; rates and latencies are of the last seconds, shares between 0 and 1. */
export interface TopFrame {
  readonly at: string;
  readonly ready: boolean;
  readonly store: Ready['store'];
  readonly sessions: NonNullable<Ready['sessions']> | null;
  readonly workers: NonNullable<Ready['workers']> | null;
  /** Whether there are metrics: without them latencies are unknown, and requests are those that asked the cache. */
  readonly metrics: boolean;
  /** Of how many seconds rates and latencies are; 0 in the first frame, which has none. */
  readonly window_seconds: number;
  readonly requests_per_second: number | null;
  readonly hit_rate: number | null;
  readonly store_errors_per_second: number | null;
  /** Since counting began. */
  readonly overall_hit_rate: number | null;
  readonly total_entries: number | null;
  readonly cache_size_bytes: number | null;
  readonly average_ttl_remaining: number | null;
  /** The busiest first. */
  readonly services: readonly TopService[];
}

export interface TopService {
  readonly name: string;
  readonly requests_per_second: number | null;
  readonly hit_rate: number | null;
  /** Seconds. */
  readonly lookup: Latency | null;
  readonly origin_per_second: number | null;
  /** Seconds. */
  readonly origin: Latency | null;
}

interface Latency {
  readonly p50: number;
  readonly p95: number;
}

/** @param older the sample that rates are from; the same as `newer` where there is no other yet */
export function frameOf(older: TopSample, newer: TopSample): TopFrame {
  const { ready, stats, metrics } = newer;
  const seconds = (newer.atMs - older.atMs) / 1_000;
  const services = servicesOf(older, newer, seconds);
  const asked = sumOf(services.map(({ asked }) => asked));
  const hits = sumOf(services.map(({ hits }) => hits));
  const requests = sumOf(services.map(({ requests }) => requests));
  const known = stats.enabled ? stats : null;
  return {
    at: new Date(newer.atMs).toISOString(),
    ready: ready.status === 'ready',
    store: { type: ready.store.type, state: ready.store.state },
    sessions: ready.sessions ?? null,
    workers: ready.workers ?? null,
    metrics: metrics !== null,
    window_seconds: rounded(seconds),
    // Where nothing is counted, none is not known to have come.
    requests_per_second: metrics === null && known === null ? null : perSecond(requests, seconds),
    hit_rate: share(hits, asked),
    store_errors_per_second: storeErrors(older.metrics, metrics, seconds),
    overall_hit_rate: known !== null && known.total_requests > 0 ? known.hit_rate : null,
    total_entries: known?.total_entries ?? null,
    cache_size_bytes: known?.cache_size_bytes ?? null,
    average_ttl_remaining: known?.average_ttl_remaining ?? null,
    services: services
      .sort((a, b) => b.requests - a.requests || (a.service.name < b.service.name ? -1 : 1))
      .map(({ service }) => service),
  };
}

/** A service with the counts that its figures are from. */
interface Counted {
  readonly service: TopService;
  readonly requests: number;
  readonly asked: number;
  readonly hits: number;
}

function servicesOf(older: TopSample, newer: TopSample, seconds: number): Counted[] {
  const [before, now] = [older.metrics, newer.metrics];
  if (before === null || now === null) return fromStats(older.stats, newer.stats, seconds);
  const names = new Set(now.series(REQUESTS).map(({ labels }) => labels.service ?? ''));
  return [...names].map((name) => fromMetrics(name, before, now, seconds));
}

const REQUESTS = 'cachegate_requests_total';
const ORIGIN_ANSWERS = 'cachegate_origin_answers_total';
/** Outcomes that the cache was not asked for. */
const NOT_ASKED = ['bypass', 'method', 'gate'];

function fromMetrics(name: string, before: Exposition, now: Exposition, seconds: number): Counted {
  const isOwn = (labels: Readonly<Record<string, string>>) => labels.service === name;
  const outcomes = growth(before, now, REQUESTS, 'outcome', isOwn);
  const requests = sumOf([...outcomes.values()]);
  const asked = requests - sumOf(NOT_ASKED.map((outcome) => outcomes.get(outcome) ?? 0));
  const hits = outcomes.get('hit') ?? 0;
  const answers = sumOf([...growth(before, now, ORIGIN_ANSWERS, 'service', isOwn).values()]);
  const latency = (metric: string) => latencyOf(growth(before, now, `${metric}_bucket`, 'le', isOwn));
  const service = {
    name,
    requests_per_second: perSecond(requests, seconds),
    hit_rate: share(hits, asked),
    lookup: latency('cachegate_lookup_duration_seconds'),
    origin_per_second: perSecond(answers, seconds),
    origin: latency('cachegate_origin_duration_seconds'),
  };
  return { service, requests, asked, hits };
}

function fromStats(older: Stats | StatsOff, newer: Stats | StatsOff, seconds: number): Counted[] {
  if (!newer.enabled) return [];
  const before = older.enabled ? older.per_service : {};
  return Object.entries(newer.per_service).map(([name, now]) => {
    const hits = grown(now.total_hits, before[name]?.total_hits);
    const asked = hits + grown(now.total_misses, before[name]?.total_misses);
    const service = {
      name,
      requests_per_second: perSecond(asked, seconds),
      hit_rate: share(hits, asked),
      lookup: null,
      origin_per_second: null,
      origin: null,
    };
    return { service, requests: asked, asked, hits };
  });
}

function grown(now: number, before = 0): number {
  return now < before ? now : now - before;
}

function latencyOf(buckets: ReadonlyMap<string, number>): Latency | null {
  const [p50, p95] = [quantile(0.5, buckets), quantile(0.95, buckets)];
  return p50 === null || p95 === null ? null : { p50: significant(p50), p95: significant(p95) };
}

function storeErrors(before: Exposition | null, now: Exposition | null, seconds: number): number | null {
  const name = 'cachegate_store_errors_total';
  if (before === null || now === null || total(now, name) === null) return null;
  return perSecond(sumOf([...growth(before, now, name, 'reason').values()]), seconds);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function perSecond(count: number, seconds: number): number | null {
  return seconds > 0 ? rounded(count / seconds) : null;
}

function share(part: number, all: number): number | null {
  return all > 0 ? rounded(part / all) : null;
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function significant(value: number): number {
  return Number(value.toPrecision(4));
}
