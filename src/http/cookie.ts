/**
 * The value of the first cookie called `name` in a `Cookie` value, as it stands there: no decoding, quotes kept
 * (RFC 6265 §4.2).
 */
export function cookieValue(cookieHeader: string, name: string): string | undefined {
  for (let start = 0; start < cookieHeader.length; ) {
    const end = pairEnd(cookieHeader, start);
    if (isNamed(cookieHeader, start, name)) {
      return cookieHeader.slice(cookieHeader.indexOf('=', start) + 1, end).trim();
    }
    start = end + 1;
  }
  return undefined;
}

/** A `Cookie` value without the cookies called `names`; `undefined` when none is left. */
export function withoutCookies(cookieHeader: string, names: readonly string[]): string | undefined {
  const kept: string[] = [];
  for (let start = 0; start < cookieHeader.length; ) {
    const end = pairEnd(cookieHeader, start);
    const pair = cookieHeader.slice(start, end).trim();
    if (pair !== '' && !names.some((name) => isNamed(cookieHeader, start, name))) kept.push(pair);
    start = end + 1;
  }
  return kept.length === 0 ? undefined : kept.join('; ');
}

function pairEnd(cookieHeader: string, start: number): number {
  const semicolon = cookieHeader.indexOf(';', start);
  return semicolon === -1 ? cookieHeader.length : semicolon;
}

/** Whether the pair at `start` is `name=…`, white space around the name aside. */
function isNamed(cookieHeader: string, start: number, name: string): boolean {
  const at = skipSpace(cookieHeader, start);
  if (!cookieHeader.startsWith(name, at)) return false;
  return cookieHeader[skipSpace(cookieHeader, at + name.length)] === '=';
}

function skipSpace(cookieHeader: string, from: number): number {
  let at = from;
  while (cookieHeader[at] === ' ' || cookieHeader[at] === '\t') at++;
  return at;
}
