/** A JSON pointer (RFC 6901) in its parts; `[]` is the whole document. */
export type JsonPointer = readonly string[];

// `/`, then no `~` that is not `~0` or `~1`.
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/** `null` for what is no pointer. */
export function parseJsonPointer(text: string): JsonPointer | null {
  if (!POINTER.test(text)) return null;
  return text
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What a pointer leads to in a JSON document; `undefined` where that is nothing. */
export function pointedAt(document: unknown, pointer: JsonPointer): unknown {
  let at = document;
  for (const part of pointer) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (Array.isArray(at) ? !INDEX.test(part) : !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}
