import type { Clock } from '../clock.ts';
import { type CacheTotals, createCacheTally, createCacheTotals } from './cache-tally.ts';
import type { Log, LoggingLevel } from './log.ts';
import type { AnsweredRequest, GateObserver } from './observer.ts';
import { logOperationTime, OperationMeans, roundMs } from './operation-times.ts';
import { cacheOperationOf } from './outcome.ts';
import { showsDebug } from './shows-debug.ts';

/** As the configuration has them. */
export interface CacheLogSettings {
  readonly logging_level: LoggingLevel;
  readonly log_cache_hits: boolean;
  readonly log_cache_misses: boolean;
  /** Adds when a response expires, and whether it is fresh. */
  readonly log_ttl_info: boolean;
  readonly log_timing_metrics: boolean;
  /** Hits and misses for each summary. */
  readonly aggregate_log_interval: number;
}

/**
 * The log of the cache: a record for each hit and miss (`info` at `detailed`, `debug` at `aggregate`), a summary now and
 * then, and how long operations take: each at `detailed`, on average with each summary at `aggregate`. Nothing at
 * `minimal`. Texts and fields are fixed: dashboards and log searches depend on them.
 * @param totals go on from what was counted before, where another log's settings were in force
 */
export function createCacheLog(
  log: Log,
  settings: CacheLogSettings,
  clock: Clock,
  totals: CacheTotals = createCacheTotals(),
): GateObserver {
  switch (settings.logging_level) {
    case 'minimal':
      return silentCount(log, totals);
    case 'aggregate':
      return aggregateLog(log, settings, clock, totals);
    case 'detailed':
      return detailedLog(log, settings, clock, totals);
  }
}

/** Says nothing; the totals go on for a log that does, which a reload may bring. */
function silentCount(log: Log, totals: CacheTotals): GateObserver {
  const tally = createCacheTally(log, null, totals, () => {});
  return {
    requestAnswered(service, _status, { outcome }) {
      const operation = cacheOperationOf(outcome);
      if (operation !== null) tally.count(service, operation === 'hit');
    },
    valueLookedUp: tally.count,
  };
}

/** How often times are told at most. */
const TIMES_EVERY_MS = 1_000;

/** What it costs, each hit costs: without debug records, a few additions. */
function aggregateLog(log: Log, settings: CacheLogSettings, clock: Clock, totals: CacheTotals): GateObserver {
  const { aggregate_log_interval, log_timing_metrics, log_cache_hits, log_cache_misses } = settings;
  const lookups = new OperationMeans('lookup');
  const exchanges = new OperationMeans('backend_request');
  const saves = new OperationMeans('save');
  let toldAt = Number.NEGATIVE_INFINITY;
  const tally = createCacheTally(log, aggregate_log_interval, totals, () => {
    const now = clock.now();
    // A busy process sums up hundreds of times a second; a clock that was set back holds nothing up.
    if (now >= toldAt && now - toldAt < TIMES_EVERY_MS) return;
    toldAt = now;
    for (const means of [lookups, exchanges, saves]) means.tell(log);
  });
  const record = createRecorder(log, 'debug', settings, clock);
  return {
    requestAnswered(service, _status, request) {
      const operation = cacheOperationOf(request.outcome);
      if (operation === null) return;
      const isHit = operation === 'hit';
      const { lookupMs } = request.timing;
      if (log_timing_metrics && lookupMs !== null) lookups.add(lookupMs);
      // An application may turn its log to `debug` at any time.
      if ((isHit ? log_cache_hits : log_cache_misses) && showsDebug(log)) {
        record(service, isHit, request);
      }
      tally.count(service, isHit);
    },
    ...(log_timing_metrics && {
      originAnswered: (_service, _status, durationMs) => exchanges.add(durationMs),
      responseSaved: (_service, _stored, durationMs) => saves.add(durationMs),
    }),
    valueLookedUp: tally.count,
  };
}

function detailedLog(log: Log, settings: CacheLogSettings, clock: Clock, totals: CacheTotals): GateObserver {
  const { aggregate_log_interval, log_timing_metrics, log_cache_hits, log_cache_misses } = settings;
  const tally = createCacheTally(log, aggregate_log_interval, totals, () => {});
  const record = createRecorder(log, 'info', settings, clock);
  return {
    requestAnswered(service, _status, request) {
      const operation = cacheOperationOf(request.outcome);
      if (operation !== null) {
        const isHit = operation === 'hit';
        if (isHit ? log_cache_hits : log_cache_misses) record(service, isHit, request);
        tally.count(service, isHit);
      }
      if (log_timing_metrics) tellTimes(log, service, request);
    },
    valueLookedUp: tally.count,
  };
}

/** Writes the record of a hit at once, and that of a miss when its response is in the store, or is found not to be stored. */
type Recorder = (service: string, isHit: boolean, request: AnsweredRequest) => void;

function createRecorder(
  log: Log,
  level: 'info' | 'debug',
  { log_ttl_info }: CacheLogSettings,
  clock: Clock,
): Recorder {
  const expiry = (ttl: number | null) => (log_ttl_info ? expiryIn(ttl, clock.now()) : null);

  function hit(service: string, request: AnsweredRequest): void {
    const ttl = request.outcome!.ttl ?? null;
    const fields = {
      ...keyFields(service, 'hit', request),
      ttl_remaining: ttl,
      cache_lookup_time_ms: rounded(request.timing.lookupMs),
      ...expiry(ttl),
      correlationId: request.correlationId(),
    };
    log[level](fields, `Cache hit for ${service}`);
  }

  function miss(service: string, request: AnsweredRequest, correlationId: string): void {
    const { lookupMs, originMs, saveMs, savedTtl } = request.timing;
    // What stands in for the origin's failure is stored, though nothing was now.
    const ttl = savedTtl ?? request.outcome?.ttl ?? null;
    const fields = {
      ...keyFields(service, 'miss', request),
      ttl_remaining: ttl,
      cache_lookup_time_ms: rounded(lookupMs),
      backend_request_time_ms: rounded(originMs),
      cache_save_time_ms: rounded(saveMs),
      ...reasonOf(request),
      ...expiry(ttl),
      correlationId,
    };
    log[level](fields, `Cache miss for ${service}`);
  }

  return (service, isHit, request) => {
    if (isHit) return hit(service, request);
    const correlationId = request.correlationId();
    afterSave(request, () => miss(service, request, correlationId));
  };
}

/** Calls at once what there is nothing to wait for. */
function afterSave({ timing: { saving } }: AnsweredRequest, call: () => void): void {
  if (saving === null) call();
  else void saving.then(call, call);
}

function tellTimes(log: Log, service: string, request: AnsweredRequest): void {
  const { timing, outcome } = request;
  if (outcome === null) return;
  const fields = { service, correlationId: request.correlationId() };
  if (timing.lookupMs !== null) logOperationTime(log, 'lookup', timing.lookupMs, fields);
  const tellRest = () =>
    afterSave(request, () => {
      if (timing.originMs !== null) logOperationTime(log, 'backend_request', timing.originMs, fields);
      if (timing.saveMs !== null) logOperationTime(log, 'save', timing.saveMs, fields);
    });
  // A stored response may be validated behind its answer: that has not even begun.
  if (outcome.hit) queueMicrotask(tellRest);
  else tellRest();
}

function keyFields(service: string, operation: 'hit' | 'miss', { cacheKey }: AnsweredRequest) {
  return { service, cache_operation: operation, cache_key: cacheKey };
}

/** Why it was forwarded (RFC 9211 §2.2), and whether another request's response has answered it. */
function reasonOf({ outcome }: AnsweredRequest): { fwd?: string; collapsed?: true } {
  if (outcome === null || outcome.hit) return {};
  const { fwd, collapsed } = outcome;
  return { ...(fwd !== undefined && { fwd }), ...(collapsed === true && { collapsed }) };
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : roundMs(ms);
}

const LAST_INSTANT_MS = 8_640_000_000_000_000;

/** @param ttl whole seconds of freshness left, below 0 when stale; `null`: nothing is stored */
function expiryIn(ttl: number | null, now: number) {
  if (ttl === null) return { expires_at: null, refresh_status: null };
  const at = Math.max(0, Math.min(now + ttl * 1000, LAST_INSTANT_MS));
  // What is left is cut to whole seconds: of less than one that is over, -0 is left.
  const isStale = ttl < 0 || Object.is(ttl, -0);
  return { expires_at: new Date(at).toISOString(), refresh_status: isStale ? 'stale' : 'fresh' };
}
