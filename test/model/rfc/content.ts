import type { CacheReply, ClientRecord } from '../exchange.ts';
import { type Field, valueIn } from '../message.ts';
import { isNotModified } from './conditions.ts';
import { answerableRange, satisfiable, wantedSpecs } from './ranges.ts';
import type { StoredResponse } from './stored-response.ts';

/** Why an answer does not say what `stored` says of this request's resource; `null` when it does. */
export function contentFault(
  record: ClientRecord,
  reply: CacheReply,
  stored: StoredResponse,
  fields: readonly Field[],
): string | null {
  const { method, request } = record;
  if (reply.status === 304) {
    if (!isNotModified(method, request, stored)) return '304, but the client’s condition does not hold';
    return fieldsFault(reply.fields, fields, { mayLack: OF_CONTENT, mustHave: OF_NOT_MODIFIED });
  }
  const specs = wantedSpecs(method, request, stored);
  if (reply.status === 416 && stored.status !== 416) {
    const isWhole = stored.status === 200 || stored.isPart;
    if (!isWhole || specs === null || stored.length === undefined) return '416 to no range';
    if (satisfiable(specs, stored.length).length > 0) return '416, but the range can be had';
    if (valueIn(reply.fields, 'content-range') !== `bytes */${stored.length}`) return '416 of another length';
    return fieldsFault(reply.fields, fields, { mayLack: OF_CONTENT, mustHave: [] });
  }
  if (reply.status === 206 && (stored.status === 200 || stored.isPart))
    return portionFault(record, reply, stored, fields);
  if (stored.isPart) return 'a part in the place of the whole';
  if (reply.status !== stored.status) return `status ${reply.status}, not ${stored.status}`;
  return bodyFault(method, reply, stored.body, stored.isBroken) ?? fieldsFault(reply.fields, fields);
}

function portionFault(
  { method, request }: ClientRecord,
  reply: CacheReply,
  stored: StoredResponse,
  fields: readonly Field[],
): string | null {
  const specs = wantedSpecs(method, request, stored);
  if (specs === null) return '206 to no range';
  const range = answerableRange(specs, stored);
  if (range === null) return '206 of what can’t be answered in one part';
  const expected = `bytes ${range.first}-${range.last}/${stored.length ?? '*'}`;
  const contentRange = valueIn(reply.fields, 'content-range');
  if (contentRange !== expected) return `Content-Range ${contentRange}, not ${expected}`;
  const bytes = stored.body.slice(range.first - stored.first, range.last + 1 - stored.first);
  return bodyFault(method, reply, bytes, stored.isBroken) ?? fieldsFault(reply.fields, fields);
}

function bodyFault(method: string, reply: CacheReply, expected: string, isBroken: boolean): string | null {
  const length = valueIn(reply.fields, 'content-length');
  if (length !== undefined && Number(length) !== expected.length)
    return `Content-Length ${length}, not ${expected.length}`;
  if (method === 'HEAD' || (isBroken && reply.body === null)) return null;
  if (isBroken && expected.startsWith(reply.body!)) return null;
  return (reply.body ?? '') === expected ? null : `the body is “${reply.body}”, not “${expected}”`;
}

// RFC 9110 §15.4.5
const OF_NOT_MODIFIED = ['cache-control', 'content-location', 'date', 'etag', 'expires', 'vary'];
const OF_CONTENT = ['content-encoding', 'content-language', 'content-type', 'etag', 'last-modified'];
// Checked apart, or the cache's own.
const NOT_COMPARED = ['age', 'cache-status', 'content-length', 'content-range'];

/** How the fields of an answer differ from what they should be. Lines of other names may stand in any order. */
export function fieldsFault(
  found: readonly Field[],
  expected: readonly Field[],
  { mayLack = [], mustHave = [] }: { mayLack?: readonly string[]; mustHave?: readonly string[] } = {},
): string | null {
  const left = lines(expected);
  for (const line of lines(found)) {
    const at = left.indexOf(line);
    if (at === -1) return `“${line}” is not of this response`;
    left.splice(at, 1);
  }
  const missing = left.find((line) => {
    const name = line.slice(0, line.indexOf(':'));
    return mustHave.includes(name) || !mayLack.includes(name);
  });
  return missing === undefined ? null : `“${missing}” is missing`;
}

function lines(fields: readonly Field[]): string[] {
  return fields.filter(([name]) => !NOT_COMPARED.includes(name)).map(([name, value]) => `${name}: ${value}`);
}
