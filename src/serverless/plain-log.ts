import { format } from 'node:util';
import { knowChild, knowLog, type Log, type LoggingLevel, shownFrom } from '../observe/known-logs.ts';
import { shownError } from '../observe/shown-error.ts';
import { shownText } from '../observe/shown-text.ts';
import { withoutSecrets } from '../observe/without-secrets.ts';

export interface PlainLogOptions {
  readonly level: LoggingLevel;
  /** Where lines go, each with its end; standard output by default. */
  readonly write?: (line: string) => void;
}

type Fields = Record<string, unknown>;

/** By the numbers that lines have them as. */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
const SILENT = Number.POSITIVE_INFINITY;

type LevelName = keyof typeof LEVELS;

/**
 * The process's log without a logging library: the same JSON lines as `createLog`'s, without process and host, and the
 * same of them hidden.
 */
export function createPlainLog({ level, write = toStandardOutput }: PlainLogOptions): Log {
  const log = createLines({ name: 'cachegate' }, shownFrom(level), write);
  knowLog(log, level);
  return log;
}

function toStandardOutput(line: string): void {
  process.stdout.write(line);
}

/** @param bound of all lines */
function createLines(bound: Fields, level: string, write: (line: string) => void): Log {
  let name = level;
  let least = severity(level);

  function line(value: number, first: unknown, rest: readonly unknown[]): void {
    if (value < least) return;
    const { fields, text } = read(first, rest);
    const record = { level: value, time: Date.now(), ...bound, ...shown(fields) };
    write(`${written(text === undefined ? record : { ...record, msg: text })}\n`);
  }

  const methods = Object.entries(LEVELS).map(([method, value]) => [
    method,
    (first: unknown, ...rest: unknown[]) => line(value, first, rest),
  ]);
  const log = {
    ...(Object.fromEntries(methods) as Record<LevelName, (first: unknown, ...rest: unknown[]) => void>),
    silent() {},
    get level() {
      return name;
    },
    set level(next: string) {
      least = severity(next);
      name = next;
    },
    get levelVal() {
      return least;
    },
    isLevelEnabled: (of: string) => severity(of) >= least,
    bindings: () => ({ ...bound }),
    flush() {},
    child(bindings: Fields, { level: own = name }: { readonly level?: string } = {}): Log {
      const made = createLines({ ...bound, ...shown(bindings) }, own, write);
      knowChild(made, asLog);
      return made;
    },
  };
  // What cachegate, and an application that is given it, ask of a log; the rest of pino's is there where pino is.
  const asLog = log as unknown as Log;
  return asLog;
}

function severity(level: string): number {
  return LEVELS[level as LevelName] ?? SILENT;
}

/** What a line was asked for with: an error, fields, a text, or several of them. */
function read(first: unknown, rest: readonly unknown[]): { readonly fields: Fields; readonly text?: string } {
  if (first instanceof Error) {
    return { fields: { err: first }, text: rest.length === 0 ? shownText(first.message) : textOf(rest) };
  }
  if (typeof first !== 'object' || first === null) return { fields: {}, text: textOf([first, ...rest]) };
  return { fields: first as Fields, ...(rest.length > 0 && { text: textOf(rest) }) };
}

function textOf(parts: readonly unknown[]): string {
  return parts.length === 1 ? String(parts[0]) : format(...parts);
}

function shown(fields: Fields): Fields {
  const safe = withoutSecrets(fields);
  return 'err' in safe && safe.err !== undefined ? { ...safe, err: shownError(safe.err) } : safe;
}

function written(record: Fields): string {
  try {
    return JSON.stringify(record);
  } catch {
    return JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  }
}
