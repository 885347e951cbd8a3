import { CachegateError } from '../errors.ts';
import { cookieValue } from '../http/cookie.ts';
import { type FieldList, isConnectionField } from '../http/fields.ts';
import { NOTHING_FORWARDED } from './presented-session.ts';

/** What of a caller's request its authority is sent too. */
export interface ForwardedNames {
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
}

/** What of a request is looked at. */
export interface Presenting {
  /** A field's value by its lower-case name. */
  field(lowerName: string): string | undefined;
}

/** Picks it out of a request, as `PresentedSession.forwarded` has it; the single cookies are one `cookie`. */
export type ForwardedFields = (request: Presenting) => FieldList;

// `cookie` would put every cookie into the key, `x-request-id` every request; the others belong to one hop.
const NEVER: ReadonlySet<string> = new Set(['cookie', 'expect', 'host', 'x-request-id']);

/** @throws CachegateError `ERR_CONFIG_INVALID` for a field that can't be forwarded */
export function createForwardedFields({ headers, cookies }: ForwardedNames): ForwardedFields {
  // In one order, whatever a file has: services that forward the same share verdicts.
  const names = [...new Set(headers.map((name) => name.toLowerCase()))].sort();
  const cookieNames = [...new Set(cookies)].sort();
  const refused = names.find((name) => NEVER.has(name) || isConnectionField(name));
  if (refused !== undefined) {
    throw new CachegateError('ERR_CONFIG_INVALID', `${refused} can’t be forwarded to an authority`);
  }
  if (names.length + cookieNames.length === 0) return () => NOTHING_FORWARDED;

  return (request) => {
    const forwarded: string[] = [];
    for (const name of names) {
      const value = request.field(name);
      if (value !== undefined) forwarded.push(name, value);
    }
    const cookie = cookieNames.length === 0 ? '' : pick(request.field('cookie') ?? '', cookieNames);
    if (cookie !== '') forwarded.push('cookie', cookie);
    return forwarded.length === 0 ? NOTHING_FORWARDED : forwarded;
  };
}

function pick(cookieHeader: string, names: readonly string[]): string {
  const pairs: string[] = [];
  for (const name of names) {
    const value = cookieValue(cookieHeader, name);
    if (value !== undefined) pairs.push(`${name}=${value}`);
  }
  return pairs.join('; ');
}
