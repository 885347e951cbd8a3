import { type CacheControl, parseCacheControl } from '../http/cache-control.ts';
import { hasField } from '../http/fields.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';
import type { Part } from './portion.ts';

/** Why a response is not stored. */
export type UnstorableReason =
  /** It answers another method than GET, and its content is not in the key. */
  | 'method'
  /** It holds several parts or a range of another unit, is a 304, or of a status that `must-understand` asks to know. */
  | 'status'
  | 'request-no-store'
  | 'no-store'
  /** It is one client's alone, or a field of it is that the rest can't do without. */
  | 'private'
  /** It answers credentials, and does not say that it may be shared. */
  | 'authorization'
  | 'set-cookie'
  /** `Vary: *`: no request could select it. */
  | 'vary'
  /** Neither the origin, the policy, nor its status lets it be reused. */
  | 'no-lifetime'
  /** It is stale already, and nothing could validate it. */
  | 'not-reusable';

// The final status codes of RFC 9110 §15, whose caching needs no more than is done here.
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[
    200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406,
    407,
  ],
  ...[408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505],
]);

// Without one of these the rest of a response would be framed, selected or judged as another one.
const NEEDED: ReadonlySet<string> = new Set([
  ...[
    'age',
    'cache-control',
    'cdn-cache-control',
    'content-encoding',
    'content-range',
    'content-type',
    'date',
  ],
  ...['expires', 'surrogate-control', 'vary'],
]);

/** What a response's storing depends on, beside request and response themselves. */
export interface StorabilityTerms {
  readonly directives: CacheControl;
  readonly nominated: '*' | readonly string[];
  readonly freshnessLifetimeMs: number | undefined;
  /** The policy overrules what origin and request forbid. */
  readonly forced: boolean;
  /** The part that a 206 holds, if it is one. */
  readonly part: Part | null;
  /** Fields that are left out when it is stored. */
  readonly withheld: readonly string[];
  /** The cache is one user's alone. */
  readonly isPrivate: boolean;
  /** Whether a response may be stored with its `Set-Cookie`. */
  readonly keepsCookies: boolean;
}

/** Why a cache must not store a response, or does not; `null` when it may (RFC 9111 §3). */
export function unstorableReason(
  request: RequestFacts,
  response: ResponseFacts,
  terms: StorabilityTerms,
): UnstorableReason | null {
  return (
    unshareable(request, response, terms) ??
    (terms.forced ? null : forbidden(request, response, terms)) ??
    (terms.freshnessLifetimeMs === undefined ? 'no-lifetime' : null)
  );
}

function unshareable(
  request: RequestFacts,
  response: ResponseFacts,
  { nominated, part, withheld, keepsCookies }: StorabilityTerms,
): UnstorableReason | null {
  const { status, fields } = response;
  if (request.method !== 'GET' && request.contentKeyed !== true) return 'method';
  if (status < 200 || status === 304) return 'status';
  if (status === 206 && part === null) return 'status';
  // RFC 9111 §7.3 only warns of it, but no client is to get another's cookie.
  if (!keepsCookies && hasField(fields, 'set-cookie') && !withheld.includes('set-cookie'))
    return 'set-cookie';
  return nominated === '*' ? 'vary' : null;
}

function forbidden(
  request: RequestFacts,
  response: ResponseFacts,
  { directives, withheld, isPrivate }: StorabilityTerms,
): UnstorableReason | null {
  if (parseCacheControl(request.field('cache-control')).noStore) return 'request-no-store';
  if (directives.mustUnderstand) {
    // It takes the place of a no-store meant for caches that do not know it (RFC 9111 §5.2.2.3).
    if (!UNDERSTOOD.has(response.status)) return 'status';
  } else if (directives.noStore) return 'no-store';
  if (directives.private === true || withheld.some((name) => NEEDED.has(name))) return 'private';
  const isOnesOwn = isPrivate || request.field('authorization') === undefined;
  return isOnesOwn || maySharePrivileged(directives) ? null : 'authorization';
}

/** RFC 9111 §3.5. */
function maySharePrivileged(directives: CacheControl): boolean {
  return directives.public || directives.mustRevalidate || directives.sMaxageSeconds !== undefined;
}
