import { type RequestFields, valueIn } from '../message.ts';
import { matchStrongly } from './entity-tags.ts';
import { dateValue } from './freshness.ts';
import type { StoredResponse } from './stored-response.ts';

interface Bytes {
  readonly first: number;
  readonly last: number;
}

type Spec = readonly [from: string, to: string];

/** What a request's `Range` asks of a representation, if it counts (RFC 9110 §14.2, §13.1.5); `null` if it does not. */
export function wantedSpecs(method: string, request: RequestFields, stored: StoredResponse): Spec[] | null {
  const range = request.get('range');
  if (range === undefined || method !== 'GET' || !rangeCounts(request.get('if-range'), stored)) return null;
  if (!range.startsWith('bytes=')) return null;
  const specs = range
    .slice('bytes='.length)
    .split(',')
    .map((spec) => spec.trim());
  if (!specs.every((spec) => /^(\d+-\d*|-\d+)$/.test(spec))) return null;
  return specs.map((spec) => spec.split('-') as unknown as Spec);
}

/** RFC 9110 §13.1.5: the very same representation, by a strong entity-tag or a date that is strong (§8.8.2.2). */
function rangeCounts(ifRange: string | undefined, stored: StoredResponse): boolean {
  if (ifRange === undefined || matchStrongly(ifRange, valueIn(stored.fields, 'etag'))) return true;
  const lastModified = valueIn(stored.fields, 'last-modified');
  return ifRange === lastModified && dateValue(stored) - Date.parse(lastModified) >= 1000;
}

/** The bytes that are wanted and exist, sorted, with those that touch as one (RFC 9110 §14.1.2). */
export function satisfiable(specs: readonly Spec[], length: number): Bytes[] {
  const ranges: Bytes[] = [];
  for (const [from, to] of specs) {
    const first = from === '' ? Math.max(0, length - Number(to)) : Number(from);
    const last = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1);
    if (first <= last) ranges.push({ first, last });
  }
  ranges.sort((a, b) => a.first - b.first);
  const merged: Bytes[] = [];
  for (const range of ranges) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last + 1) merged.push(range);
    else merged.splice(-1, 1, { first: before.first, last: Math.max(before.last, range.last) });
  }
  return merged;
}

/** The one range that a 206 may answer with; `null` when there is none. */
export function answerableRange(specs: readonly Spec[], stored: StoredResponse): Bytes | null {
  const known = stored.length ?? Number.POSITIVE_INFINITY;
  // Of unknown length only what is named from end to end can be had.
  if (stored.length === undefined && specs.some(([from, to]) => from === '' || to === '')) return null;
  const [range, ...others] = satisfiable(specs, known);
  if (range === undefined || others.length > 0) return null;
  return range.first >= stored.first && range.last < stored.first + stored.body.length ? range : null;
}
