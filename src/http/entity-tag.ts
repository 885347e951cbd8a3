/** An entity-tag (RFC 9110 §8.8.3). */
export interface EntityTag {
  readonly weak: boolean;
  /** The characters between the quotes. */
  readonly opaque: string;
}

// etagc: visible ASCII but the quote, and obs-text
const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"$/;
const LIST_MEMBER = /(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"/y;

export function parseEntityTag(value: string): EntityTag | undefined {
  const match = ENTITY_TAG.exec(value);
  return match === null ? undefined : { weak: match[1] !== undefined, opaque: match[2]! };
}

export function formatEntityTag({ weak, opaque }: EntityTag): string {
  return `${weak ? 'W/' : ''}"${opaque}"`;
}

/**
 * The value of `If-None-Match` or `If-Match` (RFC 9110 §13.1.1, §13.1.2): `*`, or its entity-tags. A member that is
 * none can match nothing and is left out.
 */
export function parseEntityTags(value: string): '*' | readonly EntityTag[] {
  if (value.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  for (let at = skipSpace(value, 0); at < value.length; ) {
    LIST_MEMBER.lastIndex = at;
    const match = LIST_MEMBER.exec(value);
    const end = match === null ? at : LIST_MEMBER.lastIndex;
    const comma = nextComma(value, end);
    // Only white space may stand between a member and its comma.
    if (match !== null && value.slice(end, comma).trim() === '') {
      tags.push({ weak: match[1] !== undefined, opaque: match[2]! });
    }
    at = skipSpace(value, comma + 1);
  }
  return tags;
}

/** Strong comparison (RFC 9110 §8.8.3.2): both strong, and the same. */
export function strongMatch(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

/** Weak comparison (RFC 9110 §8.8.3.2): the same, whether weak or not. */
export function weakMatch(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

function nextComma(value: string, from: number): number {
  const comma = value.indexOf(',', from);
  return comma === -1 ? value.length : comma;
}

function skipSpace(value: string, from: number): number {
  let at = from;
  while (value[at] === ' ' || value[at] === '\t') at++;
  return at;
}
