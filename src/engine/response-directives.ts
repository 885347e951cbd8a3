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
export function responseDirectives(fields: FieldList, policy: CachePolicy): ResponseDirectives {
  const stated = statedDirectives(fields, policy);
  return policy.private === true ? { ...stated, directives: toPrivateCache(stated.directives) } : stated;
}

function statedDirectives(fields: FieldList, policy: CachePolicy): ResponseDirectives {
  for (const name of policy.targetedFields) {
    if (policy.private === true && OF_SHARED_CACHES.has(name)) continue;
    const value = fieldValue(fields, name);
    const directives = value === undefined ? undefined : parseTargeted(name, value);
    if (directives !== undefined) return { directives, targeted: true };
  }
  return { directives: parseCacheControl(fieldValue(fields, 'cache-control')), targeted: false };
}

// RFC 9213 §3.1, and W3C's Edge Architecture: their targets are caches in front of an origin.
const OF_SHARED_CACHES: ReadonlySet<string> = new Set(['cdn-cache-control', 'surrogate-control']);

/** Without what binds shared caches alone (RFC 9111 §5.2.2.7, §5.2.2.8, §5.2.2.10). */
function toPrivateCache(directives: CacheControl): CacheControl {
  return { ...directives, private: false, proxyRevalidate: false, sMaxageSeconds: undefined };
}
