import { type CacheControl, parseCacheControl } from '../http/cache-control.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';
import { parseTargeted } from '../http/targeted-cache-control.ts';
import type { CachePolicy } from './policy.ts';

/** What a response says of its caching, and where. */
export interface ResponseDirectives {
  readonly directives: CacheControl;
  /** A targeted field says it, so that `Cache-Control` and `Expires` count for nothing (RFC 9213 §2.2). */
  readonly targeted: boolean;
}

/** The directives that count: those of the first targeted field that is valid, else of `Cache-Control`. */
export function responseDirectives(fields: FieldList, { targetedFields }: CachePolicy): ResponseDirectives {
  for (const name of targetedFields) {
    const value = fieldValue(fields, name);
    const directives = value === undefined ? undefined : parseTargeted(name, value);
    if (directives !== undefined) return { directives, targeted: true };
  }
  return { directives: parseCacheControl(fieldValue(fields, 'cache-control')), targeted: false };
}
