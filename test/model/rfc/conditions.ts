import { instantOf, type RequestFields, valueIn } from '../message.ts';
import { matchWeakly } from './entity-tags.ts';
import { dateValue } from './freshness.ts';
import type { StoredResponse } from './stored-response.ts';

export function isConditional(request: RequestFields): boolean {
  return request.has('if-none-match') || request.has('if-modified-since');
}

/** Whether a client has what is stored already (RFC 9110 §13.2.2, RFC 9111 §4.3.2). */
export function isNotModified(method: string, request: RequestFields, stored: StoredResponse): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || stored.status < 200 || stored.status > 299) return false;
  const tags = request.get('if-none-match');
  if (tags !== undefined) {
    const members = tags.split(',').map((tag) => tag.trim());
    return members.some((tag) => tag === '*' || matchWeakly(tag, valueIn(stored.fields, 'etag')));
  }
  const since = Date.parse(request.get('if-modified-since') ?? '');
  return (instantOf(stored.fields, 'last-modified') ?? dateValue(stored)) <= since;
}
