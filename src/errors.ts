/** Every code that an error of cachegate can carry. Branch on these, never on messages. */
export type ErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_STORE_TIMEOUT'
  | 'ERR_STORE_CIRCUIT_OPEN'
  | 'ERR_STORE_OVERLOADED'
  | 'ERR_STORE_REFUSED'
  | 'ERR_STORE_UNWRITABLE'
  | 'ERR_STORE_VALUE_TOO_LARGE'
  | 'ERR_STORE_CLOSED'
  | 'ERR_SESSION_DEGRADED'
  | 'ERR_SESSION_ENDED'
  | 'ERR_SESSION_CROSS_SITE'
  | 'ERR_SESSION_VALUE'
  | 'ERR_SESSION_TOO_LARGE'
  | 'ERR_SESSION_CONFLICT'
  | 'ERR_SESSION_SENT'
  | 'ERR_CACHE_KEY'
  | 'ERR_CACHE_VALUE'
  | 'ERR_FETCH_UNSUPPORTED'
  | 'ERR_ORIGIN_CONNECT'
  | 'ERR_ORIGIN_TIMEOUT'
  | 'ERR_ORIGIN_PROTOCOL'
  | 'ERR_ORIGIN_BUDGET'
  | 'ERR_PURGE_INVALID'
  | 'ERR_PURGE_NO_SERVICE'
  | 'ERR_PURGE_INCOMPLETE'
  | 'ERR_WARM_INVALID'
  | 'ERR_EXPLAIN_INVALID'
  | 'ERR_SERVER_LISTEN'
  | 'ERR_SERVER_WORKER';

/** The one error class: `code` says which, `message` is for people and holds no secret. */
export class CachegateError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CachegateError';
    this.code = code;
  }
}

export function hasCode(error: unknown, code: ErrorCode): error is CachegateError {
  return error instanceof CachegateError && error.code === code;
}
