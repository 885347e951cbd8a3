import { type Assessment, assessResponse, type ResponseFacts } from '../engine/assessment.ts';
import { asGet } from '../engine/facts.ts';
import { freshen } from '../engine/validation.ts';
import { withoutFields } from '../http/fields.ts';
import type { CacheRequest } from './cache-request.ts';
import type { StoredEntry } from './entry.ts';
import { toEntry } from './lookup.ts';

/** A stored response with what validated it, and what of that concerns others than this request's client. */
export interface FreshenedEntry extends Pick<Assessment, 'storable' | 'nominated' | 'withheld'> {
  /** Without the fields that are the client's alone. */
  readonly entry: StoredEntry;
}

/**
 * Freshens a stored response by the 304 or the answer to a HEAD that this request brought (RFC 9111 §4.3.4, §4.3.5).
 * It is judged as an answer to this request: credentials may keep it from others, which its own assessment does not say.
 */
export function freshenEntry(
  request: CacheRequest,
  { response: stored, body, packed }: StoredEntry,
  validating: ResponseFacts,
): FreshenedEntry {
  const freshened = freshen(stored, validating, request.policy);
  const { storable, nominated, withheld } = assessResponse(asGet(request.facts), freshened, request.policy);
  const shared = { ...freshened, fields: withoutFields(freshened.fields, new Set(withheld)) };
  const entry = toEntry(request, shared, packed ?? body!);
  entry.body = body;
  return { entry, storable, nominated, withheld };
}
