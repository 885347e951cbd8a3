import { describe, expect, it } from 'vitest';
import type { AnsweredRequest } from '../observe/observer.ts';
import type { CacheOutcome } from '../observe/outcome.ts';
import { createRequestTiming } from '../observe/request-timing.ts';
import { createCounters } from './counters.ts';
import { createHotSketch } from './hot-sketch.ts';

function answered(outcome: CacheOutcome | null, { method = 'GET', target = '/a' } = {}): AnsweredRequest {
  return {
    method,
    target,
    outcome,
    cacheKey: 'key',
    timing: createRequestTiming(),
    correlationId: () => '1',
  };
}

function setUp() {
  const sketch = createHotSketch();
  const { counts, observer } = createCounters(sketch);
  const tell = (service: string, outcome: CacheOutcome | null, request = {}, status = 200) =>
    observer.requestAnswered!(service, status, answered(outcome, request));
  return { sketch, counts, observer, tell };
}

describe('the counters', () => {
  it('count a hit, and a miss for every other word but bypass and method', () => {
    const { counts, tell } = setUp();
    tell('api', { hit: true, ttl: 5 });
    for (const fwd of ['uri-miss', 'vary-miss', 'miss', 'request', 'stale', 'partial'] as const) {
      tell('api', { hit: false, fwd });
    }
    // Answered without a stored response: only-if-cached.
    tell('api', { hit: false, detail: 'only-if-cached' }, {}, 504);
    tell('api', { hit: false, fwd: 'bypass' });
    tell('api', { hit: false, fwd: 'method' });
    tell('api', null, {}, 401);
    expect([...counts]).toEqual([['api', { name: 'api', hits: 1, misses: 7 }]]);
  });

  it('tell services apart, in any order, and values beside them', () => {
    const { counts, observer, tell } = setUp();
    for (const service of ['a', 'b', 'a', 'a', 'b']) tell(service, { hit: true });
    observer.valueLookedUp!('values', true);
    observer.valueLookedUp!('values', false);
    expect([...counts.values()]).toEqual([
      { name: 'a', hits: 3, misses: 0 },
      { name: 'b', hits: 2, misses: 0 },
      { name: 'values', hits: 1, misses: 1 },
    ]);
  });

  it('know no service of what has nothing to do with the cache', () => {
    const { counts, tell } = setUp();
    tell('api', null, {}, 404);
    tell('api', { hit: false, fwd: 'method' });
    expect(counts.size).toBe(0);
  });

  it('remember what GET was asked for where the answer was a good one', () => {
    const { sketch, tell } = setUp();
    tell('api', { hit: true });
    tell('api', { hit: false, fwd: 'uri-miss' }, { target: '/a' }, 301);
    tell('api', { hit: true }, { method: 'HEAD' });
    tell('api', { hit: false, fwd: 'miss' }, { method: 'POST' });
    tell('api', { hit: false, fwd: 'miss' }, { target: '/missing' }, 404);
    tell('api', { hit: false, fwd: 'bypass' }, { target: '/past' });
    expect(sketch.all()).toEqual([{ service: 'api', target: '/a', requests: 2 }]);
  });
});
