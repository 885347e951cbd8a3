import { Readable } from 'node:stream';
import type { ResponseFacts } from '../engine/assessment.ts';
import { areOfOneRepresentation, isWhole, joined, type Part, partOf } from '../engine/portion.ts';
import { freshen } from '../engine/validation.ts';
import { withoutFields } from '../http/fields.ts';
import { formatContentRange } from '../http/range.ts';
import type { CacheRequest, FetchedResponse } from './cache-request.ts';
import type { StoredResponse } from './stored-form.ts';

/** A stored part and a part that an origin sent, as one (RFC 9111 §3.4). */
interface Combined {
  readonly facts: ResponseFacts;
  /** What of the stored body comes before and after the new one. */
  readonly before: Buffer;
  readonly after: Buffer;
}

/** The two combined; `null` when they are not of one representation, or do not touch. */
function combine(request: CacheRequest, stored: StoredResponse, received: ResponseFacts): Combined | null {
  const old = partOf(stored);
  const added = partOf(received);
  if (old === null || added === null || !areOfOneRepresentation(stored, received)) return null;
  const part = joined(old, added);
  if (part === null) return null;
  const before = stored.body.subarray(0, Math.max(0, added.range.first - old.range.first));
  const after = stored.body.subarray(Math.min(stored.body.length, added.range.last + 1 - old.range.first));
  const { fields, ...times } = freshen(stored, received, request.policy);
  const facts = { ...times, fields: describing(part, fields), status: isWhole(part) ? 200 : 206 };
  return { facts, before, after: added.range.last < old.range.last ? after : EMPTY };
}

const EMPTY = Buffer.alloc(0);

function describing(part: Part, fields: readonly string[]): string[] {
  const kept = withoutFields(fields, OF_THE_PART);
  const { first, last } = part.range;
  if (!isWhole(part)) kept.push('Content-Range', formatContentRange(part.range, part.length));
  kept.push('Content-Length', String(last - first + 1));
  return kept;
}

const OF_THE_PART: ReadonlySet<string> = new Set(['content-range', 'content-length']);

/** The stored part with what was missing of it, as a response that arrives; `null` when they can't be combined. */
export function completed(
  request: CacheRequest,
  stored: StoredResponse,
  received: FetchedResponse,
): FetchedResponse | null {
  const combined = combine(request, stored, received);
  if (combined === null) return null;
  const { facts, before, after } = combined;
  async function* body() {
    if (before.length > 0) yield before;
    yield* received.body as AsyncIterable<Buffer>;
    if (after.length > 0) yield after;
  }
  return { ...facts, body: Readable.from(body(), { objectMode: false }) };
}

/** What is to be stored of a new part: with the stored one where they fit together, else alone. */
export function withStoredPart(
  request: CacheRequest,
  stored: StoredResponse | null,
  received: StoredResponse,
): StoredResponse {
  const combined = stored === null ? null : combine(request, stored, received);
  if (combined === null) return received;
  const { facts, before, after } = combined;
  return { ...facts, body: Buffer.concat([before, received.body, after]) };
}
