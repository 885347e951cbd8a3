import { normalisedPreference } from '../http/preferences.ts';
import type { RequestFacts } from './facts.ts';

/**
 * What of a request selects a variant (RFC 9111 §4.1): a line for each nominated field, with its value if the request
 * has it, so that an absent field differs from an empty one. Two requests select the same stored response if these are
 * the same. Empty when nothing is nominated.
 *
 * @param nominated names in lower case, sorted
 */
export function variantKey(nominated: readonly string[], request: RequestFacts): string {
  let key = '';
  for (const name of nominated) {
    const value = request.field(name);
    key += value === undefined ? `${name}\n` : `${name}:${normalisedPreference(name, value)}\n`;
  }
  return key;
}
