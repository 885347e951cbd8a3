import { TEXTS } from '../gateway/texts.ts';
import type { FieldList } from '../http/fields.ts';
import { formatRateLimit, formatRateLimitPolicy, retryAfterSeconds } from '../rate-limit/fields.ts';
import type { Limit } from '../rate-limit/limiter.ts';
import type { Identity } from '../session/identity.ts';
import type { TakeResult } from '../store/store.ts';
import type { Admission } from './cachegate.ts';

const NO_FIELDS: FieldList = [];

/** Lets in somebody of whom no more is known than that. */
export const ADMITTED: Admission = { admitted: true, fields: NO_FIELDS, identity: null };

export function admitted(identity: Identity | null, fields: FieldList = NO_FIELDS): Admission {
  return identity === null && fields.length === 0 ? ADMITTED : { admitted: true, fields, identity };
}

/** The gate's own answer, for nobody to keep. */
export function refused(status: 401 | 429, extra: FieldList = NO_FIELDS): Admission {
  return {
    admitted: false,
    status,
    fields: ['Content-Type', 'application/json', 'Cache-Control', 'no-store', ...extra],
    body: JSON.stringify({ error: TEXTS[status] }),
  };
}

/** Says how a limit stands: what `RateLimit` is made of, in each answer that was counted. */
export function limitFields(limit: Limit, taken: TakeResult): FieldList {
  return ['RateLimit-Policy', formatRateLimitPolicy([limit]), 'RateLimit', formatRateLimit(limit, taken)];
}

/** The 429 of a spent limit (RFC 6585 §4). */
export function overLimit(limit: Limit, taken: TakeResult): Admission {
  return refused(429, [...limitFields(limit, taken), 'Retry-After', String(retryAfterSeconds(taken))]);
}
