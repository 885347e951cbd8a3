import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { shownError } from './shown-error.ts';
import { shownText } from './shown-text.ts';
import { withoutSecrets } from './without-secrets.ts';

/** `detailed`, `aggregate` or `minimal`: how much is logged. */
export type LoggingLevel = 'detailed' | 'aggregate' | 'minimal';

export type Log = Logger;

export interface LogOptions {
  readonly level: LoggingLevel;
  /** Where lines go; standard output by default. */
  readonly destination?: DestinationStream;
  /** Readable lines instead of JSON; by default where standard output is a terminal. */
  readonly readable?: boolean;
}

/** The process's log: JSON lines, or readable ones in a terminal. */
export function createLog(options: LogOptions): Log {
  const readable = options.readable ?? (options.destination === undefined && process.stdout.isTTY === true);
  const destination =
    options.destination ??
    (readable
      ? pretty({
          colorize: true,
          sync: true,
          singleLine: true,
          ignore: 'pid,hostname',
          translateTime: 'HH:MM:ss.l',
        })
      : undefined);
  const log: Log = pino(
    {
      name: 'cachegate',
      level: shownFrom(options.level),
      serializers: { err: shownError },
      // What cachegate itself writes holds no secret; an application may write to this log too.
      formatters: { log: withoutSecrets },
      hooks: { logMethod: withShownError },
    },
    destination ?? pino.destination(1),
  );
  // What holds for all lines of a child does not go through the formatter.
  const { child } = log;
  log.child = function (this: Log, bindings, options) {
    const made = child.call(this, withoutSecrets(bindings), options) as ReturnType<Log['child']>;
    const level = levels.get(this);
    if (level !== undefined) levels.set(made, level);
    return made;
  } as Log['child'];
  levels.set(log, options.level);
  through.set(log, log);
  return log;
}

const shownFrom = (level: LoggingLevel) => (level === 'minimal' ? 'warn' : 'info');

// Of the logs that were made here.
const levels = new WeakMap<object, LoggingLevel>();

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

// Of an error that is logged by itself, pino makes the line's text of its message.
function withShownError(
  this: Log,
  args: Parameters<Logger['info']>,
  method: (...args: unknown[]) => void,
): void {
  const [first, ...rest] = args as unknown[];
  if (first instanceof Error && rest.length === 0)
    method.call(this, { err: first }, shownText(first.message));
  else method.apply(this, args);
}
