import { bearerToken } from '../http/bearer-token.ts';
import { cookieValue } from '../http/cookie.ts';
import type { ForwardedFields, Presenting } from '../session/forwarded-fields.ts';
import type { PresentedSession, PresentSession } from '../session/presented-session.ts';

export interface PresentedInOptions {
  /** Where a caller may have the id of a session, as a service's `session` block says it. */
  readonly config: {
    readonly authority: string;
    readonly bearer: boolean;
    readonly cookie: string | null;
    readonly header?: string | undefined;
  };
  readonly present: PresentSession;
  readonly forwarded: ForwardedFields;
}

/**
 * Finds the session that a caller presents: in the field, which only code can set, in `Authorization`, or in the cookie.
 * `null`: none, or one that no caller could have.
 */
export function createPresentedIn({
  config,
  present,
  forwarded,
}: PresentedInOptions): (request: Presenting) => PresentedSession | null {
  const { cookie: cookieName } = config;
  const fieldName = config.header?.toLowerCase();
  const takesBearer = config.bearer || config.authority === 'token';

  function idIn(request: Presenting): string | undefined {
    // An empty field presents nothing, and hides no cookie.
    const named = fieldName === undefined ? '' : request.field(fieldName);
    if (named) return named;
    const token = takesBearer ? bearerToken(request.field('authorization')) : null;
    if (token !== null) return token;
    return cookieName === null ? undefined : cookieValue(request.field('cookie') ?? '', cookieName);
  }

  return (request) => {
    const id = idIn(request);
    return id === undefined ? null : present(id, forwarded(request));
  };
}
