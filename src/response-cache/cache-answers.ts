import { pipeline, Transform } from 'node:stream';
import type { Plan } from '../engine/decision.ts';
import type { ResponseFacts } from '../engine/facts.ts';
import { OF_ONE_PORTION, type Part, type Portion, portionOfPart, portionOfWhole } from '../engine/portion.ts';
import { isNotModified, notModifiedFields } from '../engine/validation.ts';
import { contentLength } from '../http/content-length.ts';
import { type FieldList, withoutFields } from '../http/fields.ts';
import { type ByteRange, formatContentRange } from '../http/range.ts';
import type { CacheOutcome } from '../observe/outcome.ts';
import type { CacheAnswer, CacheRequest, FetchedResponse } from './cache-request.ts';
import type { StoredEntry } from './entry.ts';
import type { Arriving } from './fill.ts';
import type { Hold } from './origin-holds.ts';

export type Forward = Extract<Plan, { action: 'forward' | 'validate' | 'complete' }>;

/** What the origin answers may be for others too. */
export function isOthersToo(plan: Forward): boolean {
  return plan.action !== 'forward' || plan.mayStore;
}

/** From a stored response, fresh or allowed to be stale. */
export function fromEntry(request: CacheRequest, entry: StoredEntry, now: number): CacheAnswer {
  const { fields, outcome } = entry.hitFields(now);
  return ofEntry(request, entry, fields, outcome);
}

/**
 * An origin's 304 to the cache's own condition: the client gets the freshened response, and learns what happened.
 * @param ownFields of the 304, for this client alone
 */
export function validated(
  request: CacheRequest,
  entry: StoredEntry,
  plan: Forward,
  { stored, ownFields }: { readonly stored: boolean; readonly ownFields: FieldList },
): CacheAnswer {
  const outcome: CacheOutcome = { hit: false, fwd: plan.fwd, fwdStatus: 304, ...(stored && { stored }) };
  const fields = request.present([...entry.response.fields, ...ownFields]);
  return ofEntry(request, entry, fields, outcome);
}

/** From a stored response, in place of the failure of an origin that was asked. */
export function inPlaceOf(
  request: CacheRequest,
  entry: StoredEntry,
  forwarded: Pick<Extract<CacheOutcome, { hit: false }>, 'fwd' | 'fwdStatus'>,
  now: number,
): CacheAnswer {
  const { ttl } = entry.hitFields(now).outcome;
  return ofEntry(request, entry, entry.agedFields(now), {
    hit: false,
    ...forwarded,
    ...(ttl !== undefined && { ttl }),
  });
}

/** From a stored response that this request has waited for, as another process was fetching it. */
export function fromElsewhere(
  request: CacheRequest,
  entry: StoredEntry,
  plan: Forward,
  now: number,
): CacheAnswer {
  return ofEntry(request, entry, entry.agedFields(now), { hit: false, fwd: plan.fwd, collapsed: true });
}

function ofEntry(
  request: CacheRequest,
  entry: StoredEntry,
  fields: FieldList,
  outcome: CacheOutcome,
): CacheAnswer {
  const { status, response, assessment, body: whole } = entry;
  if (isNotModified(request.facts, response)) {
    return { status: 304, fields: notModifiedFields(fields), body: null, outcome };
  }
  if (whole === null && !request.headOnly) throw new Error('the body of a stored response was not loaded');
  const { part } = assessment;
  if (part === null && request.facts.field('range') === undefined) {
    return { status, fields, body: whole, outcome };
  }
  const portion = portionOf(request, response, part, entry.length);
  const isCut = whole !== null && portion.kind === 'part';
  const body = isCut ? slice(whole, part, portion.part.range) : whole;
  return portioned({ status, fields, body, outcome }, portion);
}

function portionOf(
  request: CacheRequest,
  response: ResponseFacts,
  part: Part | null,
  length: number | undefined,
): Portion {
  if (part !== null) return portionOfPart(request.facts, response, part) ?? { kind: 'part', part };
  if (response.status !== 200 || length === undefined) return { kind: 'whole' };
  return portionOfWhole(request.facts, response, length);
}

function slice(body: Buffer, stored: Part | null, { first, last }: ByteRange): Buffer {
  const from = stored?.range.first ?? 0;
  return body.subarray(first - from, last + 1 - from);
}

/** An answer with a portion of the representation (RFC 9110 §15.3.7, §15.5.17); its body is cut already. */
function portioned(answer: CacheAnswer, portion: Portion): CacheAnswer {
  if (portion.kind === 'whole') return answer;
  const fields = withoutFields(answer.fields, OF_ONE_PORTION);
  if (portion.kind === 'unsatisfiable') {
    fields.push('Content-Range', formatContentRange(undefined, portion.length), 'Content-Length', '0');
    return { ...answer, status: 416, fields: withoutFields(fields, OF_CONTENT), body: null };
  }
  const { range, length } = portion.part;
  fields.push('Content-Range', formatContentRange(range, length));
  fields.push('Content-Length', String(range.last - range.first + 1));
  return { ...answer, status: 206, fields };
}

const OF_CONTENT: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-type',
  'etag',
  'last-modified',
]);

/** @param fields of the response that this client may see */
export function fromArriving(
  request: CacheRequest,
  landing: Arriving,
  plan: Forward,
  { fields, stored = false, collapsed = false }: { fields: FieldList; stored?: boolean; collapsed?: boolean },
): CacheAnswer {
  const { response, assessment } = landing;
  // A trailer may be among the fields that are the first client's alone.
  const trailers = collapsed && assessment.withheld.length > 0 ? undefined : landing.trailers;
  const { status } = response;
  const outcome: CacheOutcome = {
    hit: false,
    fwd: plan.fwd,
    fwdStatus: landing.fwdStatus,
    ...(stored && { stored }),
    ...(collapsed && { collapsed }),
  };
  const presented = request.present(fields);
  if (isNotModified(request.facts, response)) {
    return { status: 304, fields: notModifiedFields(presented), body: null, outcome };
  }
  if (request.headOnly) return { status, fields: presented, body: null, outcome };
  // A part that has just been asked for is what was asked for.
  const portion: Portion =
    assessment.part === null
      ? portionOf(request, response, null, contentLength(response.fields))
      : { kind: 'whole' };
  switch (portion.kind) {
    case 'whole':
      return { status, fields: presented, body: landing.body.read(), trailers, outcome };
    case 'part': {
      const body = pipeline(landing.body.read(), cutTo(portion.part.range), () => {});
      return portioned({ status, fields: presented, body, outcome }, portion);
    }
    case 'unsatisfiable':
      return portioned({ status, fields: presented, body: null, outcome }, portion);
  }
}

/** Passes on the bytes of a range, and ends; the rest goes by, so that the whole can be stored. */
function cutTo({ first, last }: ByteRange): Transform {
  let at = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const from = at;
      at += chunk.length;
      if (from > last) return done();
      this.push(chunk.subarray(Math.max(0, first - from), last + 1 - from));
      if (at > last) this.push(null);
      done();
    },
  });
}

/** What an origin answered to this request alone. */
export function forwarded(request: CacheRequest, response: FetchedResponse, plan: Forward): CacheAnswer {
  const { status, body, trailers } = response;
  const outcome: CacheOutcome = { hit: false, fwd: plan.fwd, fwdStatus: status };
  return { status, fields: request.present(response.fields), body, trailers, outcome };
}

/** What an origin answered without the client's own conditions; which are the client's to have answered (RFC 9110 §13). */
export function unsharedAnswer(request: CacheRequest, response: FetchedResponse, plan: Forward): CacheAnswer {
  const answer = forwarded(request, response, plan);
  if (!isNotModified(request.facts, response)) return answer;
  response.body.destroy();
  return { ...answer, status: 304, fields: notModifiedFields(answer.fields), body: null };
}

/** The client wants a stored response or none (RFC 9111 §5.2.1.7). */
export const UNSATISFIED: CacheAnswer = {
  status: 504,
  fields: [],
  body: null,
  outcome: { hit: false, detail: 'only-if-cached' },
};

/** The origin has asked to be left alone for a while, and nothing stored may be used. */
export function held({ status, until }: Hold, now: number): CacheAnswer {
  const fields = ['Retry-After', String(Math.ceil((until - now) / 1000))];
  return { status, fields, body: null, outcome: { hit: false, detail: 'retry-after' } };
}
