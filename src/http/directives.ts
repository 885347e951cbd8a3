import { isToken } from './token.ts';

/**
 * Calls `visit` with each directive of a list: a name, and perhaps `=` and a token or a quoted string (RFC 9111 §5.2).
 * The name is in lower case and the argument unquoted. In what is malformed nothing can hide: an argument that is
 * neither token nor quoted string is given as empty, and a quote that is never closed is like any other character.
 * Takes linear time.
 */
export function scanDirectives(
  value: string,
  visit: (lowerName: string, argument: string | undefined) => void,
): void {
  const ends = createEndFinder(value);
  for (let start = 0; start < value.length; ) {
    const end = ends(start);
    const directive = value.slice(start, end).trim();
    if (directive !== '') visitDirective(directive, visit);
    start = end + 1;
  }
}

function visitDirective(
  directive: string,
  visit: (name: string, argument: string | undefined) => void,
): void {
  const equals = directive.indexOf('=');
  const name = equals === -1 ? directive : directive.slice(0, equals);
  const trimmed = name.trimEnd();
  if (equals === -1) visit(trimmed.toLowerCase(), undefined);
  else visit(trimmed.toLowerCase(), trimmed === name ? argumentOf(directive.slice(equals + 1)) : '');
}

function argumentOf(text: string): string {
  if (isToken(text)) return text;
  const isQuoted = text.startsWith('"') && closingQuote(text, 0) === text.length - 1;
  return isQuoted ? text.slice(1, -1).replace(/\\(.)/g, '$1') : '';
}

/** Finds the comma that ends a directive, or the end of the value. */
function createEndFinder(value: string): (start: number) => number {
  // Once a quote was found open, none after it is looked at: that keeps the time linear.
  let quotesClose = true;
  return (start) => {
    let at = start;
    while (at < value.length && value[at] !== ',') {
      const close = quotesClose && value[at] === '"' ? closingQuote(value, at) : at;
      if (close === -1) quotesClose = false;
      at = (close === -1 ? at : close) + 1;
    }
    return at;
  };
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '"') return at;
    if (text[at] === '\\') at++;
  }
  return -1;
}
