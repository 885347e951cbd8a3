import { formatEntityTag, parseEntityTag, parseEntityTags } from '../http/entity-tag.ts';
import { type FieldList, fieldValue, withoutFields } from '../http/fields.ts';

// Those that every fetch decodes.
const DECODED: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br']);

// And one that only newer ones do.
const BY_SOME = 'zstd';
// Each takes its memory; fetch has the same bound.
const MAX_CODINGS = 5;

/** The codings of a content in the order in which they were applied; none where one of them is not decoded by all. */
export function decodedCodings(fields: FieldList): readonly string[] {
  const codings = codingsOf(fieldValue(fields, 'content-encoding'));
  return codings.length <= MAX_CODINGS && codings.every((coding) => DECODED.has(coding)) ? codings : [];
}

/** Whether every fetch makes the same of a content with this `Content-Encoding`. */
export function isDecodedAlike(value: string | undefined): boolean {
  const codings = codingsOf(value);
  return codings.length <= MAX_CODINGS && !codings.includes(BY_SOME);
}

function codingsOf(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(',').map((coding) => coding.trim().toLowerCase());
}

// They describe the coded content.
const OF_CODED: ReadonlySet<string> = new Set([
  ...['content-encoding', 'content-length', 'content-md5', 'content-digest', 'repr-digest', 'digest', 'etag'],
]);

/** The fields of a response for its decoded content: the tag of the coded one is a weak one of it (RFC 9110 §8.8.3.3). */
export function decodedFields(fields: FieldList): FieldList {
  if (decodedCodings(fields).length === 0) return fields;
  const kept = withoutFields(fields, OF_CODED);
  const etag = fieldValue(fields, 'etag');
  if (etag !== undefined) kept.push('etag', weakened(etag));
  return kept;
}

/** The fields of a 304 that was asked for by weakened tags: it names the tags of what was coded. */
export function validatedFields(fields: FieldList, noneMatch: string | undefined): FieldList {
  const etag = fieldValue(fields, 'etag');
  const tag = etag === undefined ? undefined : parseEntityTag(etag);
  if (tag === undefined || noneMatch === undefined) return fields;
  const asked = parseEntityTags(noneMatch);
  const isWeakened = asked !== '*' && asked.some(({ weak, opaque }) => weak && opaque === tag.opaque);
  return isWeakened ? [...withoutFields(fields, ETAG), 'etag', weakened(etag!)] : fields;
}

const ETAG: ReadonlySet<string> = new Set(['etag']);

function weakened(etag: string): string {
  const tag = parseEntityTag(etag);
  return tag === undefined ? etag : formatEntityTag({ ...tag, weak: true });
}
