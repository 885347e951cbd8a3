import { Readable } from 'node:stream';
import type { ResponseFacts } from '../engine/assessment.ts';
import {
  areOfOneRepresentation,
  isWhole,
  joined,
  OF_ONE_PORTION,
  type Part,
  partOf,
} from '../engine/portion.ts';
import { freshen } from '../engine/validation.ts';
import { contentLength } from '../http/content-length.ts';
import { fieldLines, hasField, withoutFields } from '../http/fields.ts';
import { formatContentRange } from '../http/range.ts';
import type { CacheRequest, FetchedResponse } from './cache-request.ts';
import type { StoredResponse } from './stored-form.ts';

/** A stored part and a part that an origin sent, as one (RFC 9111 §3.4). */
interface Combined {
  readonly facts: ResponseFacts;
  /** What of the stored body comes before and after the new one. */
  readonly before: Buffer;
  readonly after: Buffer;
  /** How long the new one says it is. */
  readonly addedBytes: number;
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
  const addedBytes = added.range.last - added.range.first + 1;
  return { facts, before, after: added.range.last < old.range.last ? after : EMPTY, addedBytes };
}

const EMPTY = Buffer.alloc(0);

function describing(part: Part, fields: readonly string[]): string[] {
  const kept = withoutFields(fields, OF_ONE_PORTION);
  const { first, last } = part.range;
  if (!isWhole(part)) kept.push('Content-Range', formatContentRange(part.range, part.length));
  kept.push('Content-Length', String(last - first + 1));
  return kept;
}

/** The stored part with all that was missing of it, as a whole response that arrives; `null` when it would be none. */
export function completed(
  request: CacheRequest,
  stored: StoredResponse,
  received: FetchedResponse,
): FetchedResponse | null {
  const combined = combine(request, stored, received);
  if (combined === null || combined.facts.status !== 200) return null;
  const { facts, before, after, addedBytes } = combined;
  if ((contentLength(received.fields) ?? addedBytes) !== addedBytes) return null;
  async function* body() {
    if (before.length > 0) yield before;
    yield* exactly(addedBytes, received.body);
    if (after.length > 0) yield after;
  }
  const whole = Readable.from(body(), { objectMode: false });
  // Destroyed before it was read, a generator closes nothing.
  whole.once('close', () => received.body.destroy());
  return { ...facts, fields: [...facts.fields, ...ownCookies(facts, received)], body: whole };
}

// A cookie is its receiver's, who gets it with the whole; what the mode keeps from the store is then not stored.
function ownCookies(combined: ResponseFacts, received: ResponseFacts): string[] {
  if (hasField(combined.fields, 'set-cookie')) return [];
  return fieldLines(received.fields, 'set-cookie').flatMap((cookie) => ['Set-Cookie', cookie]);
}

/** A body as long as its `Content-Range` says: of another one all that comes after would stand in the wrong place. */
async function* exactly(length: number, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > length) break;
    yield chunk;
  }
  if (received !== length) throw new Error('a part is not as long as it says');
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
