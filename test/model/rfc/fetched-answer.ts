import type { CacheReply, ClientRecord } from '../exchange.ts';
import { valueIn } from '../message.ts';
import { isConditional } from './conditions.ts';
import { contentFault, fieldsFault } from './content.ts';
import { endToEnd, type StoredResponse } from './stored-response.ts';

/**
 * What is wrong with an answer that the origin has given to this very request, or has validated for it.
 * @param updated whether it is a stored response that the origin's answer has updated
 */
export function faultOfFetched(
  client: ClientRecord,
  reply: CacheReply,
  response: StoredResponse,
  updated: boolean,
): string | null {
  const { fields } = response.last.answer!;
  if (valueIn(reply.fields, 'age') !== valueIn(endToEnd(fields), 'age')) return 'Age is not the origin’s';
  if (!updated && whyNotVerbatim(client, reply, response) === null) return null;
  return contentFault(client, reply, response, response.ownFields);
}

/** As the origin answered it, which is always right, unless the client has not asked for such an answer. */
function whyNotVerbatim(
  { method, request }: ClientRecord,
  reply: CacheReply,
  { ownFields, last }: StoredResponse,
): string | null {
  const { status, body, complete } = last.answer!;
  if (reply.status !== status) return `status ${reply.status}, not ${status}`;
  if (status === 304 && !isConditional(request)) return '304 to a request without a condition';
  if (status === 206 && !request.has('range')) return '206 to a request for the whole';
  const isBroken = !complete && reply.body === null;
  if (method !== 'HEAD' && !isBroken && reply.body !== body) return 'another body';
  return fieldsFault(reply.fields, ownFields);
}
