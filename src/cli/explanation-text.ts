import type { ExplainedResponse, Explanation } from '../explain/explanation.ts';
import type { Format } from './format.ts';
import { pairLines, shown } from './table.ts';

// Keys and reasons may be long; a line of a terminal wraps.
const MAX_TEXT = 1_000;

/** An explanation for people, in lines. */
export function explanationText(explanation: Explanation, format: Format): string {
  const { method, url, response } = explanation;
  return [
    `${text(method)} ${text(url)}`,
    ...indented(pairLines(placeOf(explanation))),
    ...(response === null ? [] : ['', 'Stored response', ...indented(responseLines(response, format))]),
    ...(response === null ? [] : ['', 'Freshness', ...indented(freshnessLines(response, format))]),
    '',
    `Next: ${text(explanation.next.action)}${statusOf(explanation)}`,
    ...explanation.next.because.map((reason, index) => `  ${index + 1}. ${text(reason)}`),
    ...indented(pairLines(nextPairs(explanation.next))),
  ].join('\n');
}

function text(found: string): string {
  return shown(found, MAX_TEXT);
}

const textOrNull = (found: string | null) => (found === null ? null : text(found));
const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

function placeOf(explanation: Explanation): (readonly [string, string | null])[] {
  const { service, target, cache_key, store_key, stored, variants } = explanation;
  return [
    ['service', service === null ? 'none has it' : text(service)],
    ['at the origin', textOrNull(target)],
    ['cache key', textOrNull(cache_key)],
    ['in the store', textOrNull(store_key)],
    ['stored', service === null ? null : stored === null ? 'unknown: the store was not asked' : yes(stored)],
    ['varies by', variants.length === 0 ? null : variants.map(variantText).join('; ')],
  ];
}

function variantText({ fields, stored }: Explanation['variants'][number]): string {
  const names = fields.length === 0 ? 'nothing' : fields.map(text).join(', ');
  return `${names} (${stored ? 'this one is stored' : 'this one is not stored'})`;
}

function yes(is: boolean): string {
  return is ? 'yes' : 'no';
}

function responseLines(response: ExplainedResponse, format: Format): string[] {
  const { status, bytes, range, received_at, tags, etag, last_modified, expires_in } = response;
  return pairLines([
    ['status', String(status)],
    ['size', format.bytes(bytes)],
    ['part', textOrNull(range)],
    ['received', text(format.instant(received_at))],
    ['tags', tags.length === 0 ? null : tags.map(text).join(', ')],
    ['etag', textOrNull(etag)],
    ['last modified', textOrNull(last_modified)],
    ['forgotten in', format.duration(Math.max(0, expires_in))],
  ]);
}

function freshnessLines({ freshness }: ExplainedResponse, format: Format): string[] {
  const { lifetime, current_age, remaining } = freshness;
  const seconds = (value: number) => `${format.number(value, 3)} s`;
  const window = (value: number) => (value > 0 ? format.duration(value) : null);
  const left =
    remaining > 0 ? `fresh for ${format.duration(remaining)}` : `stale for ${format.duration(-remaining)}`;
  return pairLines([
    ['lifetime', `${seconds(lifetime)}${freshness.heuristic ? ', a guess' : ''}`],
    ['current age', `− ${seconds(current_age)}`],
    ['remaining', `= ${seconds(remaining)}: ${left}`],
    ['while revalidated', window(freshness.stale_while_revalidate)],
    ['on an error', window(freshness.stale_if_error)],
    ['if disconnected', window(freshness.stale_if_disconnected)],
    ['called stale', freshness.stale_since === null ? null : text(format.instant(freshness.stale_since))],
    ['no-cache', freshness.no_cache ? 'it is validated before each use' : null],
    ['must-revalidate', freshness.must_revalidate ? 'it is never used stale' : null],
  ]);
}

function nextPairs({ status, stale_on }: Explanation['next']): (readonly [string, string | null])[] {
  const stored = 'what is stored is sent, though stale';
  return [
    ['status', status === null ? null : String(status)],
    ['if the origin fails', stale_on.error ? stored : null],
    ['if it does not answer', stale_on.silence ? stored : null],
  ];
}

/** In the words of RFC 9211. */
function statusOf({ next }: Explanation): string {
  if (next.cache_status === null) return '';
  const { hit, fwd, ttl, detail } = next.cache_status as {
    readonly hit: boolean;
    readonly fwd?: unknown;
    readonly ttl?: unknown;
    readonly detail?: unknown;
  };
  const words = [
    ...(hit ? ['hit'] : typeof fwd === 'string' ? [`fwd=${fwd}`] : []),
    ...(typeof ttl === 'number' ? [`ttl=${Math.trunc(ttl)}`] : []),
    ...(typeof detail === 'string' ? [`detail=${detail}`] : []),
  ];
  return words.length === 0 ? '' : ` (${text(words.join('; '))})`;
}
