/** Which differences between targets make no difference to a service's responses. */
export interface TargetKeying {
  /** The order of the query's parameters does not count. */
  readonly sortQuery: boolean;
  /** Names of query parameters that do not count; `*` at the end stands for any rest. */
  readonly ignoreQuery: readonly string[];
  /** The path's letters count alike in upper and lower case. */
  readonly lowerCasePath: boolean;
}

export interface KeyedRequest {
  readonly service: string;
  readonly method: string;
  /** Path and query as the origin is asked for them, byte for byte. */
  readonly target: string;
  /** A digest of the request's content, where that is part of the key. */
  readonly content?: string;
  /** Whose the response is, as a digest of roles or of a session; left out where it is everyone's. */
  readonly part?: string;
}

/**
 * The cache key of a request (RFC 9111 §2) in readable form: method, service, target, and perhaps content and part. HEAD
 * is answered by what a GET has stored, so both have one key. None of the components holds a space, and two spaces stand
 * before a part, so no two keys are alike.
 */
export function cacheKey({ service, method, target, content, part }: KeyedRequest): string {
  const shared = `${method === 'HEAD' ? 'GET' : method} ${service} ${target}`;
  const key = content === undefined ? shared : `${shared} ${content}`;
  return part === undefined ? key : `${key}  ${part}`;
}

/**
 * The one target that stands for all that a service takes for the same. It is what the origin is asked for, so that
 * nothing which the key leaves out can shape a stored response.
 */
export function normalisedTarget(target: string, keying: TargetKeying): string {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? undefined : normalisedQuery(target.slice(mark + 1), keying);
  const shownPath = keying.lowerCasePath ? lowerCased(path) : path;
  return query === undefined ? shownPath : `${shownPath}?${query}`;
}

function normalisedQuery(query: string, { sortQuery, ignoreQuery }: TargetKeying): string | undefined {
  if (!sortQuery && ignoreQuery.length === 0) return query;
  const parameters = query.split('&');
  const kept = parameters.filter((parameter) => !isIgnored(nameOf(parameter), ignoreQuery));
  // Parameters of one name keep their order, which may well mean something.
  if (sortQuery) kept.sort((a, b) => compare(nameOf(a), nameOf(b)));
  return kept.length === 0 && parameters.length > 0 ? undefined : kept.join('&');
}

function isIgnored(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

// As an origin reads it; what can't be decoded stands for itself.
function nameOf(parameter: string): string {
  const equals = parameter.indexOf('=');
  const name = (equals === -1 ? parameter : parameter.slice(0, equals)).replaceAll('+', ' ');
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// The digits of a percent-encoding are the same in both cases; RFC 3986 §6.2.2.1 prefers capitals.
function lowerCased(path: string): string {
  return path.toLowerCase().replace(/%[0-9a-f]{2}/g, (encoded) => encoded.toUpperCase());
}
