/** Why a request-target is refused. */
export type TargetRefusal =
  /** Neither origin-form nor absolute-form with `http` or `https` (RFC 9112 §3.2). */
  | 'form'
  /** An absolute-form with user information, or without a host. */
  | 'authority'
  /** A control character, a space, or one that is not ASCII. */
  | 'forbidden-character'
  | 'fragment'
  | 'backslash'
  | 'encoded-nul'
  /** `%2F` or `%5C` in the path. */
  | 'encoded-separator'
  /** A `%` in the path without two hexadecimal digits. */
  | 'percent-encoding'
  /** `.` or `..` as a path segment, plain or encoded, with or without parameters. */
  | 'dot-segment'
  /** `//` in the path. */
  | 'empty-segment';

export type RequestTarget =
  | {
      readonly ok: true;
      /** Host and port of an absolute-form, which replace those of `Host` (RFC 9112 §3.2.2). */
      readonly authority: string | undefined;
      readonly path: string;
      /** Without the `?`; `undefined` when there is none. */
      readonly query: string | undefined;
    }
  | { readonly ok: false; readonly reason: TargetRefusal };

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i;
const AUTHORITY = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d*)?$/i;

/**
 * Parses a request-target of HTTP/1.1 (RFC 9112 §3.2.1, §3.2.2) and refuses every one that a cache key and an origin
 * could read in two ways.
 */
export function parseRequestTarget(target: string): RequestTarget {
  if (target.startsWith('/')) return parsePathAndQuery(undefined, target);
  const absolute = ABSOLUTE_FORM.exec(target);
  if (absolute === null) return refuse('form');
  const authority = absolute[1]!;
  if (!AUTHORITY.test(authority)) return refuse('authority');
  const rest = target.slice(absolute[0].length);
  return parsePathAndQuery(authority, rest.startsWith('/') ? rest : `/${rest}`);
}

function parsePathAndQuery(authority: string | undefined, text: string): RequestTarget {
  const mark = text.indexOf('?');
  const path = mark === -1 ? text : text.slice(0, mark);
  const query = mark === -1 ? undefined : text.slice(mark + 1);
  const reason =
    refusalOf(PATH_RULES, path) ?? (query === undefined ? undefined : refusalOf(QUERY_RULES, query));
  return reason === undefined ? { ok: true, authority, path, query } : refuse(reason);
}

type Rules = readonly (readonly [TargetRefusal, RegExp])[];

const QUERY_RULES: Rules = [
  ['forbidden-character', /[^\x21-\x7e]/],
  ['fragment', /#/],
];

// A query's percent-encodings and backslashes stay as they are on both sides, so only a path's are judged.
const PATH_RULES: Rules = [
  ...QUERY_RULES,
  ['backslash', /\\/],
  ['encoded-nul', /%00/],
  ['encoded-separator', /%(?:2f|5c)/i],
  ['percent-encoding', /%(?![0-9a-f]{2})/i],
  ['dot-segment', /\/(?:\.|%2e){1,2}(?:[/;]|%3b|$)/i],
  ['empty-segment', /\/\//],
];

function refusalOf(rules: Rules, text: string): TargetRefusal | undefined {
  return rules.find(([, pattern]) => pattern.test(text))?.[0];
}

function refuse(reason: TargetRefusal): RequestTarget {
  return { ok: false, reason };
}
