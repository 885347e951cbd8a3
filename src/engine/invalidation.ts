import { type FieldList, fieldValue } from '../http/fields.ts';
import type { ResponseFacts } from './facts.ts';

// Safe methods (RFC 9110 §9.2.1, and QUERY). Any other is taken for unsafe, as one of unknown safety is.
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

/**
 * The URIs whose stored responses an exchange makes invalid (RFC 9111 §4.4): after an unsafe method succeeded, its
 * target, as it is given, and what `Location` and `Content-Location` name on the same origin, without fragments.
 *
 * @param targetUri absolute
 */
export function invalidatedUris(
  method: string,
  status: number,
  fields: FieldList,
  targetUri: string,
): string[] {
  if (SAFE_METHODS.has(method) || status < 200 || status > 399) return [];
  const uris = new Set([targetUri]);
  for (const name of ['location', 'content-location']) {
    const value = fieldValue(fields, name);
    const named = value === undefined ? undefined : resolved(value, targetUri);
    if (named !== undefined) uris.add(named);
  }
  return [...uris];
}

/**
 * Whether a response to POST may answer a later GET of its target (RFC 9110 §9.3.3): its `Content-Location` says that it
 * is the target's own representation. That it must have an explicit lifetime too is for its assessment.
 *
 * @param targetUri absolute
 */
export function isOwnRepresentation(method: string, response: ResponseFacts, targetUri: string): boolean {
  if (method !== 'POST' || response.status !== 200) return false;
  const location = fieldValue(response.fields, 'content-location');
  return location !== undefined && resolved(location, targetUri) === new URL(targetUri).href;
}

/** A reference made absolute; `undefined` when it is none, or leads to another origin. */
function resolved(reference: string, targetUri: string): string | undefined {
  if (!URL.canParse(reference, targetUri)) return undefined;
  const uri = new URL(reference, targetUri);
  uri.hash = '';
  return uri.origin === new URL(targetUri).origin ? uri.href : undefined;
}
