import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

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

// Names under which a secret could reach a log record; the records cachegate itself writes hold none of them.
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  '"set-cookie"',
  '"x-wagtail-session"',
  'password',
  'token',
  'secret',
];
const REDACTED = SECRET_FIELDS.flatMap((name) =>
  name.startsWith('"') ? [`[${name}]`, `*[${name}]`, `*.*[${name}]`] : [name, `*.${name}`, `*.*.${name}`],
);

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
  return pino(
    {
      name: 'cachegate',
      level: options.level === 'minimal' ? 'warn' : 'info',
      redact: { paths: REDACTED, censor: '[redacted]' },
      serializers: { err: shownError },
    },
    destination ?? pino.destination(1),
  );
}

// An error of somebody else's may carry a whole request with its credentials; only what says what it is is shown.
function shownError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  return { type: name, code: (error as { code?: unknown }).code, message, stack };
}
