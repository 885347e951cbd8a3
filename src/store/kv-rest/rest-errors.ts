import { CachegateError } from '../../errors.ts';
import { toStoreError } from '../reply-errors.ts';

/** What the services say beyond the words of Valkey. */
const SAYINGS: readonly (readonly [RegExp, CachegateError['code'], string])[] = [
  [/\bsize exceeded\b/i, 'ERR_STORE_VALUE_TOO_LARGE', 'Value is larger than the store takes'],
  [/\brequest limit exceeded\b/i, 'ERR_STORE_REFUSED', 'Store refused: its quota of requests is used up'],
  [/\bcapacity quota exceeded\b/i, 'ERR_STORE_UNWRITABLE', 'Store refused: it is full'],
  [/^unauthorized\b/i, 'ERR_STORE_REFUSED', 'Store refused: wrong token'],
];

/** The error of a command from the text of its error reply, of which nothing but its first word is shown. */
export function fromErrorReply(text: string): CachegateError {
  for (const [pattern, code, message] of SAYINGS) {
    if (pattern.test(text)) return new CachegateError(code, message);
  }
  const reply = new Error(text);
  reply.name = 'ReplyError';
  return toStoreError(reply);
}

/**
 * The error of a whole request from whatever `fetch` threw, which is not kept as the cause: what it says is the platform's,
 * and keys are secrets.
 */
export function fromFetchError(error: unknown): CachegateError {
  return toStoreError(error instanceof Error ? (error.cause ?? error) : error);
}

/** The error of an answer with a status other than 2xx: the service's own words, or those of what stands before it. */
export function fromErrorAnswer(text: string): CachegateError {
  if (/^[A-Z]{3,} /.test(text) || SAYINGS.some(([pattern]) => pattern.test(text)))
    return fromErrorReply(text);
  return unavailable('Store answered with an error');
}

/** Something answers that is not the service, or not as it does. */
export function otherAnswer(): CachegateError {
  return unavailable('Store did not answer each command');
}

export function unavailable(message: string): CachegateError {
  return new CachegateError('ERR_STORE_UNAVAILABLE', message);
}
