// What is put in the place of something that may be nobody's to read.
const HIDDEN = '…';
const MAX_LENGTH = 1_000;

// From a scheme to the first character that no URL has.
const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s"'<>`]+)/gi;
// Of a path that stands by itself.
const QUERY = /\?[^\s"'<>`?=]*=[^\s"'<>`]*/g;
const CREDENTIALS = /\b(Bearer|Basic|Digest|Negotiate) +["']?[\w.~+/=-]{8,}["']?/gi;
// A cookie's or a credential's value may have white space in it.
const WHOLE_LINE = /\b((?:set-)?cookie|(?:proxy-)?authorization)(["']?\s*[:=])[^\n]*/gi;
const NAMED =
  /\b([\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[ _-]?key|session[ _-]?id|credentials?)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)/gi;
// The Fetch standard's errors quote the value of a field (`Headers.append: "…" is an invalid header value.`).
const INVALID_VALUE = /(: ).*( is an invalid )/s;
const INVALID_END = / is an invalid [\w ]{1,40}\.?$/;
// A server's error, or its client's, quotes what it was asked: keys, values, passwords.
const QUOTED_COMMAND = /\b(with args beginning with|command was):[\s\S]*/gi;
// A token that says whose it is (RFC 7519).
const SIGNED = /\beyJ[\w-]+(?:\.[\w-]*)+/g;
// What keys, ids and tokens look like: long, and with digits among the letters.
const OPAQUE = /(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{32,}(?![\w-])/gi;
const CUT_WORD = /(?<![\w-])[\w-]+$/;
// A terminal does what it is told by them. Texts may have several lines.
const COMMANDS = /\r(?!\n)|[^\P{Cc}\r\n\t]/gu;

/**
 * The text of somebody else's, an error's for example, without what could be a secret in it: credentials and queries of
 * URLs, values behind the names of secrets, long opaque words; and without what a terminal would not print but do. Cut to a
 * thousand characters.
 */
export function shownText(text: string): string {
  return cut(text)
    .replace(URL_IN_TEXT, (_, scheme: string, rest: string) => scheme + withoutSecrets(rest))
    .replace(QUERY, `?${HIDDEN}`)
    .replace(WHOLE_LINE, `$1$2 ${HIDDEN}`)
    .replace(CREDENTIALS, `$1 ${HIDDEN}`)
    .replace(NAMED, `$1${HIDDEN}`)
    .replace(INVALID_VALUE, `$1${HIDDEN}$2`)
    .replace(QUOTED_COMMAND, `$1: ${HIDDEN}`)
    .replace(SIGNED, HIDDEN)
    .replace(OPAQUE, HIDDEN)
    .replace(COMMANDS, '?');
}

function cut(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  // What says that all before it is a value.
  const [end = ''] = INVALID_END.exec(text.slice(-64)) ?? [];
  // Of a secret, what is left of it may look like none.
  return `${text.slice(0, MAX_LENGTH).replace(CUT_WORD, '')}${HIDDEN}${end}`;
}

/** What identifies something, such as a URL or an id, in one line: without a query, without control characters, cut. */
export function shownName(name: string, maxLength = 200): string {
  const text = isTarget(name) ? shownTarget(name) : name;
  const line = text.replace(/\p{Cc}|[\u2028\u2029]/gu, '?');
  return line.length > maxLength ? `${line.slice(0, maxLength)}${HIDDEN}` : line;
}

function isTarget(name: string): boolean {
  return name.startsWith('/') || /^[a-z][a-z0-9+.-]*:\/\//i.test(name);
}

function shownTarget(target: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(target)?.[0] ?? '';
  return scheme + (scheme === '' ? withoutQuery(target) : withoutSecrets(target.slice(scheme.length)));
}

/** @param rest of a URL, behind its scheme */
function withoutSecrets(rest: string): string {
  const [authority] = /^[^/?#]*/.exec(rest)!;
  const path = rest.slice(authority.length);
  // A password with a `/` or a `?` in it that was not encoded.
  if (path.includes('@')) return HIDDEN;
  return authority.slice(authority.lastIndexOf('@') + 1) + withoutQuery(path);
}

function withoutQuery(path: string): string {
  return path.replace(/([?#]).*$/s, `$1${HIDDEN}`);
}
