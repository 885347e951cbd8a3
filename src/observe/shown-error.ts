import { CachegateError } from '../errors.ts';
import { shownText } from './shown-text.ts';

/** What a log says of an error. */
export interface ShownError {
  readonly type: string;
  readonly code?: string | number;
  readonly message: string;
  /** Without the message; absent for errors of cachegate's own, which say what happened and not where. */
  readonly stack?: string;
  readonly cause?: ShownError;
}

const MAX_FRAMES = 20;
const MAX_CAUSES = 3;

const known = new WeakSet<object>();

/**
 * An error as it may be logged. One of somebody else's may carry a whole request with its credentials, and quote anything
 * in its text: only what says what it is, is shown, and of the text what holds no secret (`shownText`).
 */
export function shownError(error: unknown): ShownError {
  return shown(error, MAX_CAUSES);
}

/** Whether it is what `shownError` has made. */
export function isShownError(value: object): value is ShownError {
  return known.has(value);
}

function shown(error: unknown, causes: number): ShownError {
  if (typeof error === 'object' && error !== null && isShownError(error)) return error;
  const result =
    error instanceof Error ? ofError(error, causes) : { type: typeof error, message: ofOther(error) };
  known.add(result);
  return result;
}

function ofError(error: Error, causes: number): ShownError {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  const isOwn = error instanceof CachegateError;
  const stack = isOwn ? undefined : framesOf(error);
  return {
    type: shownType(error),
    ...((typeof code === 'string' || typeof code === 'number') && { code: shownCode(code) }),
    message: messageOf(error),
    ...(stack !== undefined && { stack }),
    ...(cause instanceof Error && causes > 0 && { cause: shown(cause, causes - 1) }),
  };
}

function messageOf({ name, message }: Error): string {
  const text = shownText(String(message));
  // A parser quotes what it could not read.
  return name === 'SyntaxError'
    ? text.replace(/"[\s\S]*"/, '"…"').replace(/token '[\s\S]*?'/i, 'token')
    : text;
}

// Names and codes are words; what else they are set to may be anything.
function shownType({ name }: Error): string {
  return /^[A-Z]\w{0,63}$/i.test(name) && shownText(name) === name ? name : 'Error';
}

const CODE = /^(?:[A-Z][A-Z0-9_]{0,63}|[a-z]+(?:[_.-][a-z]+){0,9}|\w{1,12})$/;

function shownCode(code: string | number): string | number {
  return typeof code === 'number' || (code.length <= 64 && CODE.test(code)) ? code : '…';
}

/** The places alone: what stands before them is the message again. */
function framesOf({ message, stack }: Error): string | undefined {
  if (typeof stack !== 'string') return undefined;
  const places = stack.slice(stack.indexOf(message) + message.length);
  const frames = places.split('\n').filter((line) => FRAME.test(line));
  return frames.length === 0 ? undefined : frames.slice(0, MAX_FRAMES).map(withoutQueries).join('\n');
}

const FRAME = /^ {4}at (?:[^"'`=\n]{0,200} \()?[^"'`\s()]{1,500}:\d+:\d+\)?$/;

function withoutQueries(frame: string): string {
  return frame.replace(/\?[^:)]*/, '').replace(/\bdata:[^)]*/, 'data:…');
}

function ofOther(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null ? 'not an error' : shownText(String(thrown));
}
