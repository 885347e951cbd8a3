import type { CachegateError } from '../errors.ts';
import { originError } from '../response-cache/origin-error.ts';

/** What a failed `fetch` is to the cache. What went wrong stands in its error's cause. */
export function originFailure(error: unknown): CachegateError {
  const cause = error instanceof TypeError && error.cause !== undefined ? error.cause : error;
  return originError(cause instanceof Error ? withCode(cause) : cause);
}

// Deno says in words what others have codes for; they name the URL too, whose query may hold what is nobody's to see.
const CODES: readonly (readonly [RegExp, string])[] = [
  [/\(Connect\): dns error/, 'ENOTFOUND'],
  [/\(Connect\)/, 'ECONNREFUSED'],
  [/connection closed before message|connection reset|error reading a body/i, 'ECONNRESET'],
  [/error sending request/, 'UNKNOWN'],
];

function withCode(error: Error & { readonly code?: unknown }): Error {
  if (typeof error.code === 'string') return error;
  const found = CODES.find(([words]) => words.test(error.message));
  return found === undefined ? error : Object.assign(new Error(found[1]), { code: found[1] });
}

/** What `fetch` rejects with (Fetch standard, network error); the cause says why. */
export function networkError(cause: unknown): TypeError {
  return new TypeError('fetch failed', { cause });
}
