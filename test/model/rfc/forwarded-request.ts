import type { ClientRecord, Exchange } from '../exchange.ts';
import type { History } from '../history.ts';

/** What is wrong with the conditions that a cache adds to a request: each is a validator that the origin gave. */
export function faultOfForward(
  { request, resource }: ClientRecord,
  { added }: Exchange,
  history: History,
): string | null {
  const etags = history.given(resource, 'etag');
  for (const name of ['if-none-match', 'if-range']) {
    const etag = added.get(name);
    if (etag === undefined || etag === request.get('if-range') || etags.includes(etag)) continue;
    return `${name}: ${etag}, which the origin never gave`;
  }
  const since = added.get('if-modified-since');
  if (since === undefined || history.given(resource, 'last-modified').includes(since)) return null;
  return `if-modified-since: ${since}, which the origin never gave`;
}
