import { parseCacheControl } from '../http/cache-control.ts';
import type { FieldList } from '../http/fields.ts';

/** What caches of this side of the network read in the place of `Cache-Control` (RFC 9213). */
const TARGETED = ['CDN-Cache-Control', 'Surrogate-Control'];

/**
 * The fields to set in an answer that carries a session's cookie: a cache that serves many may keep an answer together
 * with its cookies (RFC 9111 §7.3), and would hand the session to others. It may be one that the application has for
 * everybody, which a session's refresh has chosen to travel with. What is `private` stays as it is.
 *
 * @param find the value of a field of the answer; `null` or `undefined` where there is none
 */
export function withheldFields(find: (name: string) => unknown): FieldList {
  const isShared = isForMany(find('Cache-Control'));
  const targeted = TARGETED.filter((name) => find(name) != null && isForMany(find(name)));
  return [...(isShared ? ['Cache-Control'] : []), ...targeted].flatMap((name) => [name, 'no-store']);
}

/** A copy of a response, which may be one that can't be changed, with those fields. */
export function withheldResponse(response: Response): Response {
  const { headers } = response;
  const fields = withheldFields((name) => headers.get(name));
  const withheld = new Response(response.body, response);
  for (let i = 0; i < fields.length; i += 2) withheld.headers.set(fields[i]!, fields[i + 1]!);
  return withheld;
}

function isForMany(value: unknown): boolean {
  const { noStore, private: isPrivate, mustUnderstand } = parseCacheControl(String(value ?? ''));
  // With `must-understand`, `no-store` is for those alone that don't know the status (RFC 9111 §5.2.2.3).
  return isPrivate !== true && (!noStore || mustUnderstand);
}
