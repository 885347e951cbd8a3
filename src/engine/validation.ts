import { parseEntityTag, parseEntityTags, strongMatch, weakMatch } from '../http/entity-tag.ts';
import {
  endToEndFields,
  type FieldList,
  fieldValue,
  hasField,
  replaceFields,
  withoutFields,
} from '../http/fields.ts';
import { formatHttpDate, parseHttpDate } from '../http/http-date.ts';
import { instantOf, originatedAt } from './age.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';
import type { Freshness } from './freshness.ts';
import type { CachePolicy } from './policy.ts';

/** The conditions of a cache's own validation request (RFC 9111 §4.3.1): both validators, as the origin spelt them. */
export function conditionalFields({ etag, lastModified }: Freshness): FieldList {
  const fields: string[] = [];
  if (etag !== undefined) fields.push('If-None-Match', etag);
  if (lastModified !== undefined) fields.push('If-Modified-Since', lastModified);
  return fields;
}

/**
 * Whether a 304 is about this stored response (RFC 9111 §4.3.4): an entity-tag in it has to be the stored one's. Where
 * it has none, or the stored response has none that a weak one could differ from, the request itself has made sure.
 */
export function isIdentifiedBy(stored: ResponseFacts, notModified: ResponseFacts): boolean {
  const tag = entityTagOf(notModified.fields);
  if (tag === undefined) return true;
  const storedTag = entityTagOf(stored.fields);
  if (storedTag === undefined) return tag.weak;
  return tag.weak ? weakMatch(tag, storedTag) : strongMatch(tag, storedTag);
}

// These describe the stored content, which a 304 does not bring (RFC 9111 §3.2).
const OF_CONTENT_STORED: ReadonlySet<string> = new Set([
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
]);
// A cookie is its receiver's alone, unless all that may be stored is.
const NOT_UPDATED: ReadonlySet<string> = new Set([...OF_CONTENT_STORED, 'set-cookie']);

// They tell of the exchange that brought them.
const OF_ONE_EXCHANGE: ReadonlySet<string> = new Set(['age', 'date']);

/**
 * The stored response with the fields and times of the 304 that validated it, or of the response to a HEAD that
 * agrees with it (RFC 9111 §3.2, §4.3.4, §4.3.5).
 */
export function freshen(
  stored: ResponseFacts,
  validating: ResponseFacts,
  { mode, private: isPrivate = false }: Pick<CachePolicy, 'mode' | 'private'>,
): ResponseFacts {
  const { requestAt, responseAt } = validating;
  const notUpdated = mode === 'rfc' || isPrivate ? OF_CONTENT_STORED : NOT_UPDATED;
  const update = withoutFields(endToEndFields(validating.fields), notUpdated);
  // A recipient with a clock adds the Date that is missing (RFC 9110 §6.6.1).
  if (!hasField(update, 'date')) update.push('Date', formatHttpDate(responseAt));
  const lasting = withoutFields(stored.fields, OF_ONE_EXCHANGE);
  return { status: stored.status, fields: replaceFields(lasting, update), requestAt, responseAt };
}

/**
 * Whether the 200 to a HEAD describes the stored response still: every validator and length that it brings is the
 * stored one's (RFC 9111 §4.3.5). If it does not, the stored one is to be taken for stale.
 *
 * @param contentLength of the whole stored representation in bytes
 */
export function isDescribedByHead(
  stored: ResponseFacts,
  contentLength: number,
  head: ResponseFacts,
): boolean {
  const length = fieldValue(head.fields, 'content-length');
  if (length !== undefined && Number(length) !== contentLength) return false;
  return ['etag', 'last-modified'].every((name) => {
    const value = fieldValue(head.fields, name);
    return value === undefined || value === fieldValue(stored.fields, name);
  });
}

/**
 * Whether a client's own condition is answered with 304 from this response (RFC 9111 §4.3.2, in the order of
 * RFC 9110 §13.2.2). Preconditions that only an origin can judge do not count.
 */
export function isNotModified(request: RequestFacts, response: ResponseFacts): boolean {
  const noneMatch = request.field('if-none-match');
  const since = noneMatch === undefined ? request.field('if-modified-since') : undefined;
  if (noneMatch === undefined && since === undefined) return false;
  // Other methods and failures ignore conditions (RFC 9110 §13.2.1).
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  if (response.status < 200 || response.status > 299) return false;
  return noneMatch !== undefined ? matchesAny(noneMatch, response) : isUnmodifiedSince(since!, response);
}

function matchesAny(noneMatch: string, { fields }: ResponseFacts): boolean {
  const tags = parseEntityTags(noneMatch);
  if (tags === '*') return true;
  const stored = entityTagOf(fields);
  return stored !== undefined && tags.some((tag) => weakMatch(tag, stored));
}

// Without Last-Modified the Date counts, and without that the time of receipt (RFC 9111 §4.3.2).
function isUnmodifiedSince(value: string, response: ResponseFacts): boolean {
  const since = parseHttpDate(value, response.responseAt);
  return since !== undefined && (instantOf(response, 'last-modified') ?? originatedAt(response)) <= since;
}

// What describes the content that a 304 leaves out (RFC 9110 §15.4.5).
const OF_CONTENT: ReadonlySet<string> = new Set([
  'content-digest',
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
]);
const OF_CONTENT_AND_LAST_MODIFIED: ReadonlySet<string> = new Set([...OF_CONTENT, 'last-modified']);

/** The fields of a 304 in the place of a response with `fields` (RFC 9110 §15.4.5). */
export function notModifiedFields(fields: FieldList): FieldList {
  return withoutFields(fields, hasField(fields, 'etag') ? OF_CONTENT_AND_LAST_MODIFIED : OF_CONTENT);
}

/** A response's entity-tag as its origin spelt it, if it is a strong one. */
export function strongEntityTag(response: ResponseFacts): string | undefined {
  const tag = entityTagOf(response.fields);
  return tag === undefined || tag.weak ? undefined : fieldValue(response.fields, 'etag');
}

function entityTagOf(fields: FieldList) {
  const value = fieldValue(fields, 'etag');
  return value === undefined ? undefined : parseEntityTag(value);
}
