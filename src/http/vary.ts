import { isToken } from './token.ts';

/**
 * The request fields that a `Vary` value nominates (RFC 9110 §12.5.5): their names in lower case, sorted, each once;
 * or `*`, when the response varies by more than fields. A member that names nothing is taken for `*` too, since what
 * it varies by is as unknown.
 */
export function nominatedFields(vary: string | undefined): '*' | readonly string[] {
  if (vary === undefined) return NONE;
  const names = new Set<string>();
  for (const member of vary.split(',')) {
    const name = member.trim().toLowerCase();
    if (name === '') continue;
    if (name === '*' || !isToken(name)) return '*';
    names.add(name);
  }
  return [...names].sort();
}

const NONE: readonly string[] = Object.freeze([]);
