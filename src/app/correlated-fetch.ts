import { causedBy } from '../fetch/caused-by.ts';
import type { Correlated } from '../observe/observer.ts';

/** `fetch` for what is asked on behalf of a request: the log and the origins are told that request's id. */
export function correlatedFetch(
  fetch: typeof globalThis.fetch,
  request: Correlated,
): typeof globalThis.fetch {
  return (input, init) => fetch(input, causedBy(request, init));
}
