import { CachegateError, hasCode } from '../errors.ts';

/** What a failed exchange with an origin is to everyone else; an error that says so already stays itself. */
export function originError(cause: unknown): CachegateError {
  if (cause instanceof CachegateError) return cause;
  const reason = reasonOf(cause);
  const [code, text] = TIMEOUTS.has(reason) ? TOO_LATE : CONNECT.has(reason) ? UNREACHABLE : UNREADABLE;
  return new CachegateError(code, `${text}: ${reason}`, { cause });
}

/** The header section was not there by the deadline, whatever held it up. */
export function lateOrigin(cause?: unknown): CachegateError {
  return new CachegateError(...TOO_LATE, { cause });
}

/** An answer that nobody could understand, or that two would understand in two ways. */
export function unreadableOrigin(why: string, cause?: unknown): CachegateError {
  return new CachegateError(UNREADABLE[0], `${UNREADABLE[1]}: ${why}`, { cause });
}

/** Whether the origin was not even asked, since its budget is spent (`ERR_ORIGIN_BUDGET`). */
export function isHeldBack(error: unknown): error is CachegateError & { readonly retryAfterMs: number } {
  return hasCode(error, 'ERR_ORIGIN_BUDGET');
}

/** Whether an error says that the connection broke, not that it was given up here or carried nonsense. */
export function isBrokenConnection(error: unknown): boolean {
  return BROKEN.has(reasonOf(error));
}

const TIMEOUTS = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
]);
const CONNECT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EACCES']);
const BROKEN = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const TOO_LATE = ['ERR_ORIGIN_TIMEOUT', 'The origin did not answer in time'] as const;
const UNREACHABLE = ['ERR_ORIGIN_CONNECT', 'The origin could not be reached'] as const;
const UNREADABLE = ['ERR_ORIGIN_PROTOCOL', "The origin's answer could not be read"] as const;

function reasonOf(error: unknown): string {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message);
}
