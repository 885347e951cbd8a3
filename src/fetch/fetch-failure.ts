import type { CachegateError } from '../errors.ts';
import { originError } from '../response-cache/origin-error.ts';

/** What a failed `fetch` is to the cache. What went wrong stands in its error's cause. */
export function originFailure(error: unknown): CachegateError {
  return originError(error instanceof TypeError && error.cause !== undefined ? error.cause : error);
}

/** What `fetch` rejects with (Fetch standard, network error); the cause says why. */
export function networkError(cause: unknown): TypeError {
  return new TypeError('fetch failed', { cause });
}
