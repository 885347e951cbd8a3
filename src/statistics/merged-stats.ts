import { hitCounts } from './compose-stats.ts';
import type { Counts } from './counters.ts';
import type { HitCounts, Stats, StatsOff } from './stats.ts';

/**
 * The answers of several workers of one server as one. Counts that each keeps for itself are added up; counts that all keep
 * in the store are those of the worker that knows most. What the store holds is the same to all: one that could ask it says.
 */
export function mergedStats(parts: readonly (Stats | StatsOff)[]): Stats | StatsOff {
  const on = parts.filter((part): part is Stats => part.enabled);
  const [first] = on;
  if (first === undefined) return { enabled: false };
  const most = on.reduce((a, b) => (b.total_requests > a.total_requests ? b : a));
  const counted = first.statistics_storage === 'memory' ? summed(on) : most;
  const asked = on.find((part) => part.total_entries !== null) ?? first;
  const { hit_rate, total_hits, total_misses, total_requests, per_service } = counted;
  return { ...asked, hit_rate, total_hits, total_misses, total_requests, per_service };
}

function summed(parts: readonly Stats[]): Pick<Stats, keyof HitCounts | 'total_requests' | 'per_service'> {
  const names = [...new Set(parts.flatMap((part) => Object.keys(part.per_service)))];
  const perService = names.map(
    (name) => [name, hitCounts(sumOf(parts.map((part) => part.per_service[name])))] as const,
  );
  const total = sumOf(parts);
  return {
    ...hitCounts(total),
    total_requests: total.hits + total.misses,
    per_service: Object.fromEntries(perService),
  };
}

function sumOf(parts: readonly (HitCounts | undefined)[]): Counts {
  let hits = 0;
  let misses = 0;
  for (const part of parts) {
    hits += part?.total_hits ?? 0;
    misses += part?.total_misses ?? 0;
  }
  return { hits, misses };
}
