import { createHash } from 'node:crypto';

const HOW = ['content-type', 'content-encoding', 'content-language'];

/**
 * What tells one content of a request from another in a cache key: its bytes, and the fields that say how they are to be
 * read.
 * @param field a field's value by its lower-case name
 */
export function contentDigest(field: (name: string) => string | null | undefined, bytes: Uint8Array): string {
  const how = HOW.map((name) => field(name) ?? '');
  return createHash('sha256')
    .update(`${how.join('\n')}\n\n`, 'latin1')
    .update(bytes)
    .digest('base64url');
}
