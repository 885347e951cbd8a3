import type { SessionClaims } from './session-claims.ts';
import type { Place } from './session-place.ts';
import type { SessionRecord } from './session-record.ts';

/** What was found of a request's session. */
export type SessionState =
  | {
      readonly kind: 'none';
      /** Where the session of the token was that came along. */
      readonly before?: Place;
    }
  | {
      readonly kind: 'active';
      readonly claims: SessionClaims;
      readonly place: Place;
      readonly record: SessionRecord;
      readonly bytes: Buffer;
      /** It has got a new id meanwhile, by a request whose answer brings the cookie. */
      readonly hasMoved?: boolean;
    }
  | { readonly kind: 'degraded' | 'unavailable'; readonly claims: SessionClaims; readonly place: Place }
  /** Another site's page sent it, without a session: it can't begin one either (login CSRF). */
  | { readonly kind: 'foreign' };

export const NO_SESSION: SessionState = { kind: 'none' };
export const FOREIGN: SessionState = { kind: 'foreign' };
