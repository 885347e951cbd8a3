import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { knowChild, knowLog, type Log, type LoggingLevel, shownFrom } from './known-logs.ts';
import { createLogOutput } from './log-output.ts';
import { shownError } from './shown-error.ts';
import { shownText } from './shown-text.ts';
import { withoutSecrets } from './without-secrets.ts';

export { type Log, type LoggingLevel, logThrough, setLoggingLevel } from './known-logs.ts';

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
    destination ?? createLogOutput(),
  );
  // What holds for all lines of a child does not go through the formatter.
  const { child } = log;
  log.child = function (this: Log, bindings, options) {
    const made = child.call(this, withoutSecrets(bindings), options) as ReturnType<Log['child']>;
    knowChild(made, this);
    return made;
  } as Log['child'];
  knowLog(log, options.level);
  return log;
}

// Of an error that is logged by itself, pino makes the line's text of its message.
function withShownError(
  this: Log,
  args: Parameters<Logger['info']>,
  method: (...args: unknown[]) => void,
): void {
  const first: unknown = args[0];
  if (args.length === 1 && first instanceof Error)
    method.call(this, { err: first }, shownText(first.message));
  else method.apply(this, args);
}
