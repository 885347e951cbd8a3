import { describe, expect, it } from 'vitest';
import { composeStats } from './compose-stats.ts';
import type { Counts } from './counters.ts';
import { heldOf } from './held.ts';
import { mergedStats } from './merged-stats.ts';

const HELD = heldOf({ entries: 2, sample: [{ expiresInMs: 5_000, bytes: 10 }], limitBytes: null });

function worker(statisticsStorage: 'memory' | 'redis', counts: Record<string, Counts>, held = true) {
  const place = { storageType: 'lmdb', statisticsStorage, shownUrl: '', services: ['api'] } as const;
  return composeStats(place, new Map(Object.entries(counts)), held ? HELD : null);
}

describe('the statistics of several workers', () => {
  it('are the sum where each keeps its own', () => {
    const parts = [
      worker('memory', { api: { hits: 7, misses: 1 } }, false),
      worker('memory', { api: { hits: 3, misses: 1 }, other: { hits: 0, misses: 3 } }),
    ];
    expect(mergedStats(parts)).toEqual({
      ...parts[1],
      ...{ hit_rate: 0.667, total_hits: 10, total_misses: 5, total_requests: 15 },
      per_service: {
        api: { hit_rate: 0.833, total_hits: 10, total_misses: 2 },
        other: { hit_rate: 0, total_hits: 0, total_misses: 3 },
      },
    });
  });

  it('are those of the worker that knows most where they are shared', () => {
    const parts = [
      worker('redis', { api: { hits: 7, misses: 1 } }),
      worker('redis', { api: { hits: 10, misses: 5 } }, false),
    ];
    expect(mergedStats(parts)).toEqual({ ...parts[1], ...worker('redis', { api: { hits: 10, misses: 5 } }) });
  });

  it('are off where all are', () => {
    expect(mergedStats([{ enabled: false }, { enabled: false }])).toEqual({ enabled: false });
    expect(mergedStats([])).toEqual({ enabled: false });
    const on = worker('memory', { api: { hits: 1, misses: 0 } });
    expect(mergedStats([{ enabled: false }, on])).toEqual(on);
  });
});
