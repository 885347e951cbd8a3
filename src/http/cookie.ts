/**
 * The value of the first cookie called `name` in a `Cookie` value, as it stands there: no decoding, quotes kept
 * (RFC 6265 §4.2).
 */
export function cookieValue(cookieHeader: string, name: string): string | undefined {
  for (let start = 0; start < cookieHeader.length; ) {
    const end = pairEnd(cookieHeader, start);
    if (isNamed(cookieHeader, start, name)) {
      return valueAt(cookieHeader, start, end);
    }
    start = end + 1;
  }
  return undefined;
}

/**
 * The value of the cookies called `name`; `null` when there is none, or when they differ. A browser sends several of a
 * name in an order that says nothing of who set them (RFC 6265 §4.2.2).
 */
export function soleCookieValue(cookieHeader: string, name: string): string | null {
  let sole: string | null = null;
  for (let start = 0; start < cookieHeader.length; ) {
    const end = pairEnd(cookieHeader, start);
    if (isNamed(cookieHeader, start, name)) {
      const value = valueAt(cookieHeader, start, end);
      if (sole !== null && value !== sole) return null;
      sole = value;
    }
    start = end + 1;
  }
  return sole;
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

function valueAt(cookieHeader: string, start: number, end: number): string {
  return cookieHeader.slice(cookieHeader.indexOf('=', start) + 1, end).trim();
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
