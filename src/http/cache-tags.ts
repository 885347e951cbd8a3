import { type FieldList, fieldLines } from './fields.ts';

// An origin's mistake must not become an index of any size in the store.
const MAX_TAGS = 64;

// Printable ASCII, of bounded length.
const TAG = /^[\x20-\x7e]{1,1024}$/;

/**
 * The tags by which a response can be purged, each once, in order: those of `Cache-Tag`, separated by commas, then
 * those of `Surrogate-Key`, separated by white space. At most 64; one that is not printable ASCII or longer than
 * 1,024 characters is left out. Never throws.
 */
export function responseTags(fields: FieldList): readonly string[] {
  const tags = new Set<string>();
  for (const line of fieldLines(fields, 'cache-tag')) addTags(tags, line.split(','));
  for (const line of fieldLines(fields, 'surrogate-key')) addTags(tags, line.split(/[ \t]+/));
  return [...tags];
}

function addTags(tags: Set<string>, members: readonly string[]): void {
  for (const member of members) {
    if (tags.size === MAX_TAGS) return;
    const tag = member.trim();
    if (TAG.test(tag)) tags.add(tag);
  }
}
