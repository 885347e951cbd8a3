import { CachegateError, type ErrorCode } from '../errors.ts';

/** An error on its way to another process; without a code, `message` is a stack. */
export interface SentError {
  readonly code: ErrorCode | null;
  readonly message: string;
}

export function sentError(error: unknown): SentError {
  if (error instanceof CachegateError) return { code: error.code, message: error.message };
  return { code: null, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export function receivedError({ code, message }: SentError): Error {
  if (code !== null) return new CachegateError(code, message);
  const error = new Error(message.split('\n', 1)[0]);
  error.stack = message;
  return error;
}
