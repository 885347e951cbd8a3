import type { Clock } from '../clock.ts';
import { type CacheLogSettings, createCacheLog } from '../observe/cache-log.ts';
import type { CacheTotals } from '../observe/cache-tally.ts';
import { combineObservers } from '../observe/combine-observers.ts';
import { type Log, setLoggingLevel } from '../observe/known-logs.ts';
import type { GateObserver } from '../observe/observer.ts';
import { createOwnSessionLog } from '../observe/own-session-log.ts';
import { createPurgeLog } from '../observe/purge-log.ts';
import { createSessionLog } from '../observe/session-log.ts';
import { createRequestLog, createStoreLog } from '../observe/store-log.ts';
import { createWarmLog } from '../observe/warm-log.ts';

// At first a log shows what it was made to show, which an application may have done; a reload changes that.
const begun = new WeakSet<CacheTotals>();

/**
 * All that the log is told, by what the configuration says of it.
 * @param totals of the process, whatever log tells of them
 */
export function logObservers(
  settings: CacheLogSettings,
  log: Log,
  clock: Clock,
  totals: CacheTotals,
): GateObserver {
  if (begun.has(totals)) setLoggingLevel(log, settings.logging_level);
  begun.add(totals);
  return combineObservers(
    createSessionLog(log, settings.logging_level, clock),
    createOwnSessionLog(log, clock),
    createStoreLog(log, clock),
    createRequestLog(log, clock),
    createPurgeLog(log, clock),
    createCacheLog(log, settings, clock, totals),
    createWarmLog(log, clock),
  );
}
