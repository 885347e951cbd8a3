import { parseEntityTag, strongMatch } from '../http/entity-tag.ts';
import { fieldValue } from '../http/fields.ts';
import {
  type ByteRange,
  parseContentRange,
  parseRange,
  type RangeSpec,
  resolveRanges,
} from '../http/range.ts';
import { instantOf, originatedAt } from './age.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';

/** The one part of a representation that a 206 holds. */
export interface Part {
  readonly range: ByteRange;
  /** Of the whole representation in bytes; `undefined` where the origin did not know. */
  readonly length: number | undefined;
}

/** What of a representation answers a request. */
export type Portion =
  /** All of it: 200. */
  | { readonly kind: 'whole' }
  /** 206. */
  | { readonly kind: 'part'; readonly part: Part }
  /** 416: nothing of the representation lies in the ranges. */
  | { readonly kind: 'unsatisfiable'; readonly length: number };

/** The part that a 206 holds; `null` for another status, several parts, or a range of another unit (RFC 9110 §15.3.7). */
export function partOf({ status, fields }: ResponseFacts): Part | null {
  if (status !== 206) return null;
  const value = fieldValue(fields, 'content-range');
  const found = value === undefined ? undefined : parseContentRange(value);
  return found?.range === undefined ? null : { range: found.range, length: found.length };
}

/**
 * Which portion of a whole representation of `length` bytes a request asks for (RFC 9110 §14.2). Ranges that are not
 * understood are ignored, and so are several that lie apart: the whole is a right answer to both.
 */
export function portionOfWhole(request: RequestFacts, stored: ResponseFacts, length: number): Portion {
  const specs = wantedRanges(request, stored);
  // Nothing of an empty representation can be named, and the whole is a right answer to any Range (RFC 9110 §14.2).
  if (specs === undefined || length === 0) return WHOLE;
  const ranges = resolveRanges(specs, length);
  if (ranges.length === 0) return { kind: 'unsatisfiable', length };
  return ranges.length === 1 ? { kind: 'part', part: { range: ranges[0]!, length } } : WHOLE;
}

/** The same for a stored part; `null` when it does not hold all that is asked for. */
export function portionOfPart(
  request: RequestFacts,
  stored: ResponseFacts,
  part: Part,
): Exclude<Portion, { kind: 'whole' }> | null {
  const specs = wantedRanges(request, stored);
  if (specs === undefined) return null;
  if (part.length === undefined) {
    const range = specs.length === 1 ? closedRange(specs[0]!) : undefined;
    return range !== undefined && holds(part.range, range)
      ? { kind: 'part', part: { range, length: undefined } }
      : null;
  }
  const ranges = resolveRanges(specs, part.length);
  if (ranges.length === 0) return { kind: 'unsatisfiable', length: part.length };
  const [range] = ranges;
  return ranges.length === 1 && holds(part.range, range!)
    ? { kind: 'part', part: { range: range!, length: part.length } }
    : null;
}

/** The `Range` that would bring what is missing of a stored part, at its end or at its beginning. */
export function missingRange({ range, length }: Part): string | null {
  if (range.first === 0) return `bytes=${range.last + 1}-`;
  return length !== undefined && range.last === length - 1 ? `bytes=0-${range.first - 1}` : null;
}

/**
 * Whether two responses hold parts of one representation: they share a strong validator (RFC 9110 §15.3.7.3,
 * RFC 9111 §3.4). Without one nothing says so, and nothing is combined.
 */
export function areOfOneRepresentation(one: ResponseFacts, other: ResponseFacts): boolean {
  const tag = entityTag(one);
  const otherTag = entityTag(other);
  return tag !== undefined && otherTag !== undefined && strongMatch(tag, otherTag);
}

/** Two parts that overlap or touch, as one; `null` when there is a gap between them, or they contradict each other. */
export function joined(one: Part, other: Part): Part | null {
  if (one.range.first > other.range.last + 1 || other.range.first > one.range.last + 1) return null;
  if (one.length !== undefined && other.length !== undefined && one.length !== other.length) return null;
  const length = one.length ?? other.length;
  const last = Math.max(one.range.last, other.range.last);
  if (length !== undefined && last >= length) return null;
  return { range: { first: Math.min(one.range.first, other.range.first), last }, length };
}

export function isWhole({ range, length }: Part): boolean {
  return range.first === 0 && length !== undefined && range.last === length - 1;
}

/** The fields that describe the bytes of one portion, so that another has its own or none (RFC 9110 §14.4, RFC 9530 §2). */
export const OF_ONE_PORTION: ReadonlySet<string> = new Set([
  'content-digest',
  'content-length',
  'content-md5',
  'content-range',
]);

const WHOLE: Portion = Object.freeze({ kind: 'whole' });

/** The ranges that count: only of GET (RFC 9110 §14.2), and only of the representation that `If-Range` names. */
function wantedRanges(request: RequestFacts, stored: ResponseFacts): readonly RangeSpec[] | undefined {
  if (request.method !== 'GET') return undefined;
  const value = request.field('range');
  if (value === undefined) return undefined;
  const condition = request.field('if-range');
  if (condition !== undefined && !namesRepresentation(condition.trim(), stored)) return undefined;
  return parseRange(value);
}

// RFC 9110 §13.1.5: a strong comparison of entity-tags, else the very same strong date.
function namesRepresentation(condition: string, stored: ResponseFacts): boolean {
  const tag = parseEntityTag(condition);
  if (tag === undefined)
    return condition === fieldValue(stored.fields, 'last-modified') && isStrongDate(stored);
  const storedTag = entityTag(stored);
  return storedTag !== undefined && strongMatch(tag, storedTag);
}

const A_SECOND_MS = 1000;

// Within the second of its making a representation could have changed again (RFC 9110 §8.8.2.2).
function isStrongDate(stored: ResponseFacts): boolean {
  const modifiedAt = instantOf(stored, 'last-modified');
  return modifiedAt !== undefined && originatedAt(stored) - modifiedAt >= A_SECOND_MS;
}

function closedRange(spec: RangeSpec): ByteRange | undefined {
  return 'first' in spec && spec.last !== undefined ? { first: spec.first, last: spec.last } : undefined;
}

function holds(stored: ByteRange, wanted: ByteRange): boolean {
  return stored.first <= wanted.first && wanted.last <= stored.last;
}

function entityTag({ fields }: ResponseFacts) {
  const value = fieldValue(fields, 'etag');
  return value === undefined ? undefined : parseEntityTag(value);
}
