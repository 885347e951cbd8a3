import type { Exchange } from '../exchange.ts';
import { type Field, type RequestFields, valueIn } from '../message.ts';
import { asked, isUnqualified, named, said } from './directives.ts';
import { type Dated, explicitLifetime, mayBeGuessed } from './freshness.ts';

/** Where the standard leaves a choice, or safety asks for more than it does. */
export type Mode = 'safe' | 'rfc';

// Those of RFC 9110 §15, which a cache of HTTP knows.
const UNDERSTOOD = [
  ...[
    200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405,
  ],
  ...[
    406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505,
  ],
];

/** Why a shared cache must not store a response to `request`, or have it any longer; `null` when it may (RFC 9111 §3). */
export function whyNotKept(response: Dated, request: RequestFields, mode: Mode): string | null {
  const stated = said(response.fields);
  const { directives } = stated;
  const { status, fields } = response;
  if (status < 200 || status === 304) return `its status is ${status}`;
  if (asked(request).has('no-store')) return 'the request said no-store';
  if (directives.has('must-understand')) {
    if (!UNDERSTOOD.includes(status)) return `must-understand, and ${status} is unknown`;
  } else if (directives.has('no-store')) return 'no-store';
  if (isUnqualified(directives, 'private')) return 'private';
  const isShareable = ['public', 'must-revalidate', 's-maxage'].some((name) => directives.has(name));
  if (request.has('authorization') && !isShareable) return 'it answers credentials (RFC 9111 §3.5)';
  if (valueIn(fields, 'vary')?.includes('*')) return 'Vary: *';
  const isCookieHeld = mode === 'rfc' || named(directives).includes('set-cookie');
  if (valueIn(fields, 'set-cookie') !== undefined && !isCookieHeld) return 'Set-Cookie';
  if (explicitLifetime(response, stated) !== undefined) return null;
  if (!mayBeGuessed(response, stated)) return `nothing lets a ${status} be stored`;
  return mode === 'safe' && request.has('cookie') ? 'a guessed lifetime for a cookie’s response' : null;
}

export const BROKEN = 'it was broken off';

/** Why a response does not belong under its resource's key at all; `null` when it does. */
export function whyNotOfGet(
  { method, answer, resource }: Exchange,
  ownPath: (path: string) => number | null,
): string | null {
  if (answer === null) return 'the origin gave no answer';
  if (!answer.complete) return BROKEN;
  if (method === 'GET') return null;
  if (method !== 'POST') return `it answers ${method}`;
  // RFC 9110 §9.3.3
  const location = valueIn(answer.fields, 'content-location');
  if (answer.status !== 200 || location === undefined || ownPath(location) !== resource)
    return 'it answers POST';
  const response = { ...answer, requestAt: 0, responseAt: 0 };
  return explicitLifetime(response, said(answer.fields)) === undefined ? 'POST without a lifetime' : null;
}

/** The fields without those that only the one client may see, or only after validation. */
export function shareable(fields: readonly Field[]): Field[] {
  const held = named(said(fields).directives);
  return held.length === 0 ? [...fields] : fields.filter(([name]) => !held.includes(name));
}
