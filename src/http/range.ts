/** A part of a representation in bytes, both ends included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What a `Range` asks for: from a position to another or to the end, or as many bytes as there are at the end. */
export type RangeSpec =
  | { readonly first: number; readonly last: number | undefined }
  | { readonly suffix: number };

/** What a `Content-Range` says. Without a range nothing of the representation was wanted that there is (416). */
export interface ContentRange {
  readonly range: ByteRange | undefined;
  /** Of the whole representation in bytes; `undefined` where the sender did not know. */
  readonly length: number | undefined;
}

// A request for more of them than this costs more than the whole (RFC 9110 §14.2, §17.15).
const MAX_RANGES = 16;

const RANGE_SPEC = /^([0-9]*)-([0-9]*)$/;
const CONTENT_RANGE = /^bytes +(?:([0-9]+)-([0-9]+)|\*)\/([0-9]+|\*)$/i;

/**
 * The ranges of a `Range` value in bytes (RFC 9110 §14.1.1, §14.2), at most 16. `undefined` when the field is to be
 * ignored: for another unit, more ranges, or anything malformed. Positions are saturated. Never throws.
 */
export function parseRange(value: string): readonly RangeSpec[] | undefined {
  const set = /^bytes=/i.test(value) ? value.slice('bytes='.length) : '';
  const specs: RangeSpec[] = [];
  for (const member of set.split(',')) {
    const text = member.trim();
    if (text === '') continue;
    const spec = parseRangeSpec(text);
    if (spec === undefined || specs.length === MAX_RANGES) return undefined;
    specs.push(spec);
  }
  return specs.length === 0 ? undefined : specs;
}

function parseRangeSpec(text: string): RangeSpec | undefined {
  const match = RANGE_SPEC.exec(text);
  if (match === null) return undefined;
  const [, from, to] = match as unknown as [string, string, string];
  if (from === '') return to === '' ? undefined : { suffix: position(to) };
  const first = position(from);
  if (to === '') return { first, last: undefined };
  const last = position(to);
  return first > last ? undefined : { first, last };
}

/**
 * The satisfiable ranges within a representation of `length` bytes (RFC 9110 §14.1.2), clipped to it and sorted;
 * those that overlap or touch are one. Empty when none is satisfiable, as always when there is no byte.
 */
export function resolveRanges(specs: readonly RangeSpec[], length: number): readonly ByteRange[] {
  const satisfiable = specs.map((spec) => within(spec, length)).filter(({ first, last }) => first <= last);
  satisfiable.sort((a, b) => a.first - b.first);
  const merged: ByteRange[] = [];
  for (const range of satisfiable) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last + 1) merged.push(range);
    else merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return merged;
}

/** Clipped to the representation; one that ends before it begins is not satisfiable. */
function within(spec: RangeSpec, length: number): ByteRange {
  const end = length - 1;
  if ('suffix' in spec) return { first: Math.max(0, length - spec.suffix), last: end };
  return { first: spec.first, last: Math.min(spec.last ?? end, end) };
}

/** Reads a `Content-Range` value in bytes (RFC 9110 §14.4); `undefined` for anything else. Never throws. */
export function parseContentRange(value: string): ContentRange | undefined {
  const match = CONTENT_RANGE.exec(value.trim());
  if (match === null) return undefined;
  const [, from, to, total] = match as unknown as [string, string | undefined, string, string];
  const length = total === '*' ? undefined : Number(total);
  if (!isExact(length)) return undefined;
  if (from === undefined) return length === undefined ? undefined : { range: undefined, length };
  const [first, last] = [Number(from), Number(to)];
  const isInvalid = last < first || !isExact(last) || (length !== undefined && last >= length);
  return isInvalid ? undefined : { range: { first, last }, length };
}

/** A `Content-Range` value (RFC 9110 §14.4). One of both is needed: the range of a 206, or the length for a 416. */
export function formatContentRange(range: ByteRange | undefined, length: number | undefined): string {
  return `bytes ${range === undefined ? '*' : `${range.first}-${range.last}`}/${length ?? '*'}`;
}

// No representation is that long, so nothing changes but that the arithmetic stays exact (RFC 9110 §14.1.1).
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

// What bytes are there must not be guessed: a rounded position is as wrong as none.
function isExact(position: number | undefined): boolean {
  return position === undefined || position <= Number.MAX_SAFE_INTEGER;
}
