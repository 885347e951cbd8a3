import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { type CacheLogSettings, createCacheLog } from './cache-log.ts';
import { createCacheTotals } from './cache-tally.ts';
import { createLog } from './log.ts';
import type { AnsweredRequest, GateObserver, RequestTiming } from './observer.ts';
import type { CacheOutcome } from './outcome.ts';
import { createRequestTiming } from './request-timing.ts';

const DEFAULTS: CacheLogSettings = {
  logging_level: 'aggregate',
  log_cache_hits: true,
  log_cache_misses: true,
  log_ttl_info: false,
  log_timing_metrics: true,
  aggregate_log_interval: 100,
};

interface Captured {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function logOf(settings: Partial<CacheLogSettings> = {}, given: 'own' | 'debug' = 'own') {
  const records: Captured[] = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line) as Captured) };
  const all = { ...DEFAULTS, ...settings };
  const log =
    given === 'own'
      ? createLog({ level: all.logging_level, destination })
      : pino({ level: given }, destination);
  const clock = createManualClock(Date.parse('2030-01-01T00:00:00Z'));
  return {
    clock,
    observer: createCacheLog(log, all, clock),
    records,
    log,
    texts: () => records.map(({ msg }) => msg),
    taken: () => records.splice(0).map(({ time, pid, hostname, name, ...rest }) => rest),
  };
}

const HIT: CacheOutcome = { hit: true, ttl: 90 };
const MISS: CacheOutcome = { hit: false, fwd: 'uri-miss', fwdStatus: 200, stored: true };

function asked(outcome: CacheOutcome | null, timing: Partial<RequestTiming> = {}): AnsweredRequest {
  return {
    method: 'GET',
    target: '/a?secret=1',
    cacheKey: 'response:{api:digest}',
    outcome,
    timing: Object.assign(createRequestTiming(), { lookupMs: 0.01234 }, timing),
    correlationId: () => 'from-the-caller',
  };
}

function answer({ requestAnswered }: GateObserver, ...requests: AnsweredRequest[]): void {
  for (const request of requests) requestAnswered!('api', 200, request);
}

describe('the record of a hit', () => {
  it('has these fields, at info where all is logged', () => {
    const { observer, taken } = logOf({ logging_level: 'detailed', log_timing_metrics: false });
    answer(observer, asked(HIT));
    expect(taken()).toEqual([
      {
        level: 30,
        msg: 'Cache hit for api',
        service: 'api',
        cache_operation: 'hit',
        cache_key: 'response:{api:digest}',
        ttl_remaining: 90,
        cache_lookup_time_ms: 0.012,
        correlationId: 'from-the-caller',
      },
    ]);
  });

  it.each([
    [90, '2030-01-01T00:01:30.000Z', 'fresh'],
    [0, '2030-01-01T00:00:00.000Z', 'fresh'],
    [-1, '2029-12-31T23:59:59.000Z', 'stale'],
  ])('says with a time to live of %d that it expires at %s and is %s', (ttl, expires_at, refresh_status) => {
    const { observer, records } = logOf({ logging_level: 'detailed', log_ttl_info: true });
    answer(observer, asked({ hit: true, ttl }));
    expect(records[0]).toMatchObject({ ttl_remaining: ttl, expires_at, refresh_status });
  });

  it.each([Number.MAX_VALUE, -Number.MAX_VALUE])('can be written with a time to live of %d', (ttl) => {
    const { observer, records } = logOf({ logging_level: 'detailed', log_ttl_info: true });
    answer(observer, asked({ hit: true, ttl }));
    expect(records[0]!.expires_at).toMatch(/^[+]?\d+-\d\d-\d\dT/);
  });
});

describe('the record of a miss', () => {
  const FIELDS = {
    msg: 'Cache miss for api',
    service: 'api',
    cache_operation: 'miss',
    cache_key: 'response:{api:digest}',
    cache_lookup_time_ms: 0.012,
    fwd: 'uri-miss',
    correlationId: 'from-the-caller',
  };

  it('is written when its response is stored, with what that took', async () => {
    const { observer, records, taken } = logOf({ logging_level: 'detailed', log_ttl_info: true });
    let saved = () => {};
    const saving = new Promise<void>((resolve) => {
      saved = resolve;
    });
    const request = asked(MISS, { originMs: 180.5555, saving });
    answer(observer, request);
    expect(records.filter(({ msg }) => msg.includes('miss'))).toEqual([]);
    Object.assign(request.timing, { saveMs: 2.5, savedTtl: 3600 });
    saved();
    await saving;
    expect(taken().find(({ msg }) => msg.includes('miss'))).toEqual({
      level: 30,
      ...FIELDS,
      ttl_remaining: 3600,
      backend_request_time_ms: 180.556,
      cache_save_time_ms: 2.5,
      expires_at: '2030-01-01T01:00:00.000Z',
      refresh_status: 'fresh',
    });
  });

  it('says null of what did not happen', () => {
    const { observer, taken } = logOf({ logging_level: 'detailed', log_timing_metrics: false });
    answer(observer, asked({ hit: false, fwd: 'uri-miss', collapsed: true }));
    expect(taken()).toEqual([
      {
        level: 30,
        ...FIELDS,
        ttl_remaining: null,
        backend_request_time_ms: null,
        cache_save_time_ms: null,
        collapsed: true,
      },
    ]);
  });

  it('says stale of what was stored without being fresh, and nothing of what was not stored', () => {
    const { observer, taken } = logOf({ logging_level: 'detailed', log_ttl_info: true });
    answer(observer, asked(MISS, { savedTtl: -0 }), asked(MISS));
    const misses = taken().filter(({ msg }) => msg === 'Cache miss for api');
    expect(misses.map(({ refresh_status }) => refresh_status)).toEqual(['stale', null]);
  });

  it('says how stale that is what stood in for the origin’s failure', () => {
    const { observer, taken } = logOf({ logging_level: 'detailed', log_ttl_info: true });
    answer(observer, asked({ hit: false, fwd: 'stale', fwdStatus: 503, ttl: -7 }));
    expect(taken()[0]).toMatchObject({ ttl_remaining: -7, refresh_status: 'stale', fwd: 'stale' });
  });

  it('is written all the same when the save fails in a way that it never should', async () => {
    const { observer, texts } = logOf({ logging_level: 'detailed', log_timing_metrics: false });
    answer(observer, asked(MISS, { saving: Promise.reject(new Error('no')) }));
    await expect.poll(texts).toEqual(['Cache miss for api']);
  });
});

describe('what is neither hit nor miss', () => {
  it.each([
    ['the gate’s own answer', null],
    ['a method without a cache', { hit: false, fwd: 'method' }],
    ['a service without a cache', { hit: false, fwd: 'bypass' }],
  ] as const)('is not counted: %s', (_, outcome) => {
    const { observer, records } = logOf({ aggregate_log_interval: 1 }, 'debug');
    answer(observer, asked(outcome));
    expect(records).toEqual([]);
  });
});

describe('the levels', () => {
  it('aggregate has records of requests at debug, where the log shows them', () => {
    const { observer, records } = logOf({}, 'debug');
    answer(observer, asked(HIT), asked(MISS));
    expect(records.map(({ level, msg }) => [level, msg])).toEqual([
      [20, 'Cache hit for api'],
      [20, 'Cache miss for api'],
    ]);
  });

  it('aggregate shows none in a log of its own', () => {
    const { observer, records } = logOf();
    answer(observer, asked(HIT), asked(MISS));
    expect(records).toEqual([]);
  });

  it('aggregate follows a log that is turned to debug later', () => {
    const { observer, texts, log } = logOf();
    answer(observer, asked(HIT));
    log.level = 'debug';
    answer(observer, asked(HIT));
    expect(texts()).toEqual(['Cache hit for api']);
  });

  it('minimal says nothing', () => {
    const { observer, records } = logOf({ logging_level: 'minimal', aggregate_log_interval: 1 }, 'debug');
    answer(observer, asked(HIT), asked(MISS));
    observer.valueLookedUp!('values', true);
    expect(records).toEqual([]);
  });

  it.each([
    ['log_cache_hits', ['Cache miss for api']],
    ['log_cache_misses', ['Cache hit for api']],
  ])('%s turns its records off', (name, left) => {
    for (const logging_level of ['detailed', 'aggregate'] as const) {
      const settings = { logging_level, log_timing_metrics: false, [name]: false };
      const { observer, texts } = logOf(settings, 'debug');
      answer(observer, asked(HIT), asked(MISS));
      expect(texts()).toEqual(left);
    }
  });
});

describe('summaries', () => {
  it.each(['aggregate', 'detailed'] as const)('are one for 150 requests at interval 100 (%s)', (level) => {
    const { observer, taken } = logOf({ logging_level: level, log_timing_metrics: false });
    for (let i = 0; i < 150; i++) answer(observer, asked(i % 3 === 0 ? MISS : HIT), asked(null));
    const summaries = taken().filter(({ log_type }) => log_type === 'aggregate_cache_stats');
    expect(summaries).toEqual([
      {
        level: 30,
        msg: 'Aggregate cache stats: 66.00% hit rate',
        log_type: 'aggregate_cache_stats',
        total_requests: 100,
        hit_rate: 0.66,
        total_hits: 66,
        total_misses: 34,
        services: { api: { hit_rate: 0.66, total_hits: 66, total_misses: 34 } },
      },
    ]);
  });

  it('go on counting, by service, and with the values of an application', () => {
    const { observer, taken } = logOf({ aggregate_log_interval: 3, log_timing_metrics: false });
    const { requestAnswered, valueLookedUp } = observer;
    requestAnswered!('a', 200, asked(HIT));
    requestAnswered!('token', 200, asked(MISS));
    valueLookedUp!('values', true);
    requestAnswered!('a', 200, asked(HIT));
    valueLookedUp!('values', false);
    requestAnswered!('a', 200, asked(MISS));
    expect(taken()).toMatchObject([
      {
        msg: 'Aggregate cache stats: 66.67% hit rate',
        total_requests: 3,
        hit_rate: 0.667,
        services: { token: { hit_rate: 0, total_hits: 0, total_misses: 1 }, values: { total_hits: 1 } },
      },
      {
        msg: 'Aggregate cache stats: 50.00% hit rate',
        total_requests: 6,
        services: {
          a: { hit_rate: 0.667, total_hits: 2, total_misses: 1 },
          token: { hit_rate: 0, total_hits: 0, total_misses: 1 },
          values: { hit_rate: 0.5, total_hits: 1, total_misses: 1 },
        },
      },
    ]);
  });
});

it('totals go on where other settings come into force', () => {
  const { log, records } = logOf({ log_timing_metrics: false });
  const totals = createCacheTotals();
  const settings = { ...DEFAULTS, aggregate_log_interval: 2 };
  for (const logging_level of ['aggregate', 'detailed'] as const) {
    const changed = { ...settings, logging_level, log_timing_metrics: false, log_cache_hits: false };
    answer(createCacheLog(log, changed, createManualClock(), totals), asked(HIT), asked(HIT));
  }
  expect(records.map(({ total_requests }) => total_requests)).toEqual([2, 4]);
});

it('a summary is due after as many requests, whatever settings they came under; minimal counts too', () => {
  const { log, records } = logOf({ log_timing_metrics: false });
  const totals = createCacheTotals();
  const settings = { ...DEFAULTS, aggregate_log_interval: 3, log_timing_metrics: false };
  for (const logging_level of ['aggregate', 'minimal', 'aggregate', 'aggregate'] as const) {
    const observer = createCacheLog(log, { ...settings, logging_level }, createManualClock(), totals);
    answer(observer, asked(HIT));
  }
  expect(records.map(({ total_requests }) => total_requests)).toEqual([4]);
});

it('a summary tells of every service, however many there are', () => {
  const { observer, records } = logOf({ aggregate_log_interval: 300, log_timing_metrics: false });
  for (let i = 0; i < 300; i++) observer.requestAnswered!(`service-${i}`, 200, asked(HIT));
  const services = Object.values(records[0]!.services as object);
  expect(services).toHaveLength(300);
  for (const each of services) expect(each).toEqual({ hit_rate: 1, total_hits: 1, total_misses: 0 });
});

describe('how long operations take', () => {
  it('is told of each where all is logged', async () => {
    const { observer, taken } = logOf({ logging_level: 'detailed', log_cache_misses: false });
    answer(observer, asked(MISS, { originMs: 180.5555, saveMs: 1.2345, saving: Promise.resolve() }));
    await Promise.resolve();
    const line = { level: 30, service: 'api', correlationId: 'from-the-caller' };
    expect(taken()).toEqual([
      {
        ...line,
        msg: "Cache operation 'lookup' took 0.01ms",
        cache_operation_type: 'lookup',
        duration_ms: 0.012,
      },
      {
        ...line,
        msg: "Cache operation 'backend_request' took 180.56ms",
        cache_operation_type: 'backend_request',
        duration_ms: 180.556,
      },
      {
        ...line,
        msg: "Cache operation 'save' took 1.23ms",
        cache_operation_type: 'save',
        duration_ms: 1.235,
      },
    ]);
  });

  it('is told of a validation behind the answer of a hit when that is over', async () => {
    const { observer, texts } = logOf({ logging_level: 'detailed', log_cache_hits: false });
    const request = asked(HIT);
    answer(observer, request);
    Object.assign(request.timing, { originMs: 30, saveMs: 2, saving: Promise.resolve() });
    await expect
      .poll(() => texts().slice(1))
      .toEqual(["Cache operation 'backend_request' took 30.00ms", "Cache operation 'save' took 2.00ms"]);
  });

  it('is a mean with a summary otherwise, once a second, of what was since the last', () => {
    const { observer, taken, clock } = logOf({ aggregate_log_interval: 2 });
    answer(observer, asked(HIT, { lookupMs: 1 }));
    observer.originAnswered!('api', 200, 100);
    observer.originAnswered!('api', null, 300);
    observer.responseSaved!('api', true, 3.5);
    answer(observer, asked(MISS, { lookupMs: 2 }));
    clock.advance(999);
    answer(observer, asked(HIT, { lookupMs: 4 }), asked(HIT, { lookupMs: null }));
    clock.advance(1);
    answer(observer, asked(HIT, { lookupMs: 6 }), asked(HIT, { lookupMs: null }));
    expect(taken().filter(({ log_type }) => log_type === undefined)).toEqual([
      ...[
        ['lookup', 1.5, '1.50ms', 2],
        ['backend_request', 200, '200.00ms', 2],
        ['save', 3.5, '3.50ms', 1],
        ['lookup', 5, '5.00ms', 2],
      ].map(([operation, duration_ms, text, operations]) => ({
        level: 30,
        msg: `Cache operation '${operation}' took ${text}`,
        cache_operation_type: operation,
        duration_ms,
        operations,
      })),
    ]);
  });

  it.each(['aggregate', 'detailed'] as const)('is not told when turned off (%s)', (logging_level) => {
    const { observer, texts } = logOf({
      logging_level,
      aggregate_log_interval: 1,
      log_timing_metrics: false,
    });
    expect(observer.originAnswered).toBeUndefined();
    answer(observer, asked(MISS, { originMs: 1 }));
    expect(texts().filter((text) => text.startsWith('Cache operation'))).toEqual([]);
  });
});
