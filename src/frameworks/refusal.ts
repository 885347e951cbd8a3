import { CachegateError, type ErrorCode } from '../errors.ts';
import type { FieldList } from '../http/fields.ts';

/** An answer in the place of the handler's. */
export interface Refusal {
  readonly status: number;
  /** `Content-Type` among them; without `Content-Length`. */
  readonly fields: FieldList;
  /** `{"error":"…"}`. */
  readonly body: string;
}

/** People read them, programs read the status. */
const TEXTS = {
  401: 'Not logged in',
  403: 'Request from another site',
  409: 'The session was changed or ended meanwhile',
  500: 'Internal server error',
  503: 'Sessions cannot be stored now',
} as const;

/** A store that was away answers again within seconds, or not for long. */
const RETRY_AFTER = ['Retry-After', '5'];

/** Nobody keeps it, whoever may stand between. */
export function refusal(status: keyof typeof TEXTS, text: string = TEXTS[status]): Refusal {
  return {
    status,
    fields: [
      ...['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
      ...(status === 503 ? RETRY_AFTER : []),
    ],
    body: JSON.stringify({ error: text }),
  };
}

const CONFLICTS: ReadonlySet<ErrorCode> = new Set(['ERR_SESSION_CONFLICT', 'ERR_SESSION_ENDED']);

/** How to answer where the store or a session could not do what was asked; `null` for an error of any other kind. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof CachegateError)) return null;
  const { code } = error;
  if (code === 'ERR_SESSION_CROSS_SITE') return refusal(403);
  if (CONFLICTS.has(code)) return refusal(409);
  // The application's own doing: waiting would change nothing.
  if (code === 'ERR_STORE_VALUE_TOO_LARGE') return refusal(500);
  if (code === 'ERR_SESSION_DEGRADED') return refusal(503);
  // Of the cache's, for instance.
  return code.startsWith('ERR_STORE_') ? refusal(503, 'The store is away') : null;
}

/** Whether a field of the handler's answer says something of content that a refusal does not have. */
export function isOfContent(name: string): boolean {
  return CONTENT_FIELDS.has(name.toLowerCase());
}

const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  ...['content-digest', 'content-disposition', 'content-encoding', 'content-language', 'content-length'],
  ...['content-location', 'content-range', 'content-type', 'repr-digest', 'trailer', 'transfer-encoding'],
  ...['accept-ranges', 'cache-control', 'etag', 'expires', 'last-modified', 'location'],
]);
