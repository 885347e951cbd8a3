import type { Logger } from 'pino';
import { shownError } from './shown-error.ts';

/** `detailed`, `aggregate` or `minimal`: how much is logged. */
export type LoggingLevel = 'detailed' | 'aggregate' | 'minimal';

export type Log = Logger;

/** The least severe lines that are shown. */
export const shownFrom = (level: LoggingLevel) => (level === 'minimal' ? 'warn' : 'info');

// Of the logs that were made here.
const levels = new WeakMap<object, LoggingLevel>();

/** A log that was made here shows what cachegate is told to show, and is safe to be written to. */
export function knowLog(log: Log, level: LoggingLevel): void {
  levels.set(log, level);
  through.set(log, log);
}

/** What is made of a log that was made here changes its level as that does. */
export function knowChild(made: object, log: Log): void {
  const level = levels.get(log);
  if (level !== undefined) levels.set(made, level);
}

/** Another level, which a reload may bring. An application's own log shows what the application says. */
export function setLoggingLevel(log: Log, level: LoggingLevel): void {
  const former = levels.get(log);
  if (former === undefined) return;
  levels.set(log, level);
  if (shownFrom(former) !== shownFrom(level)) log.level = shownFrom(level);
}

// A child of each, so that there are no more children than logs.
const through = new WeakMap<Log, Log>();

/** An application's own log, as cachegate writes to it: what it says of errors is safe whatever the log would show of them. */
export function logThrough(given: Log): Log {
  let log = through.get(given);
  if (log === undefined) {
    log = given.child({}, { serializers: { err: shownError } });
    through.set(given, log);
    through.set(log, log);
  }
  return log;
}
