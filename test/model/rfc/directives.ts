import { type Field, type RequestFields, valueIn } from '../message.ts';

/** Directives by name, with their arguments; '' for none. */
export type Directives = ReadonlyMap<string, string>;

const NONE: Directives = new Map();
const GREATEST_SECONDS = 2 ** 31;

// With an argument they are about some fields only.
const OF_NAMES = ['private', 'no-cache'];

const known = new Map<string, Directives>();

/** RFC 9111 §5.2. Of repeated ones the first counts (§4.2.1); of those with names, all fields are meant. */
export function cacheControl(value: string | undefined): Directives {
  if (value === undefined) return NONE;
  const before = known.get(value);
  if (before !== undefined) return before;
  const found = new Map<string, string>();
  for (const [, name, quoted, token] of value.matchAll(/([^\s,="]+)(?:=(?:"([^"]*)"|([^\s,]*)))?/g)) {
    const lowerName = name!.toLowerCase();
    if (!found.has(lowerName)) found.set(lowerName, quoted ?? token ?? '');
    else if (OF_NAMES.includes(lowerName)) found.set(lowerName, '');
  }
  if (known.size > 10_000) known.clear();
  known.set(value, found);
  return found;
}

/** What a request asks; `Pragma` where there is no `Cache-Control` (RFC 9111 §5.4). */
export function asked(request: RequestFields): Directives {
  const value = request.get('cache-control');
  return value === undefined ? cacheControl(request.get('pragma')) : cacheControl(value);
}

export interface Said {
  readonly directives: Directives;
  /** `Cache-Control` and `Expires` count for nothing (RFC 9213 §2.2). */
  readonly targeted: boolean;
}

/** What a response says of its caching: the first of the targeted fields that is valid, else `Cache-Control`. */
export function said(fields: readonly Field[]): Said {
  const targeted =
    cdnCacheControl(valueIn(fields, 'cdn-cache-control')) ??
    surrogateControl(valueIn(fields, 'surrogate-control'));
  if (targeted !== undefined) return { directives: targeted, targeted: true };
  return { directives: cacheControl(valueIn(fields, 'cache-control')), targeted: false };
}

const SECONDS = ['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'];

/** RFC 9213 §2.1: a dictionary of RFC 8941, whose names are in lower case. A member of another type is ignored. */
function cdnCacheControl(value: string | undefined): Directives | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const found = new Map<string, string>();
  for (const member of value.split(', ')) {
    const match = /^([a-z][a-z0-9-]*)(?:=(.+))?$/.exec(member);
    if (match === null) return undefined;
    const [, name, argument] = match as unknown as [string, string, string | undefined];
    if (SECONDS.includes(name) ? /^\d+$/.test(argument ?? '') : argument === undefined)
      found.set(name, argument ?? '');
    if (OF_NAMES.includes(name) && argument?.startsWith('"')) found.set(name, argument.slice(1, -1));
  }
  return found;
}

/** Edge Architecture Specification §2.2, §2.3: `max-age=30+60` is fresh for 30 seconds and may be 60 stale. */
function surrogateControl(value: string | undefined): Directives | undefined {
  const found = new Map<string, string>();
  const members = (value ?? '').split(', ');
  const own = members.filter((member) => member.endsWith(';cachegate'));
  for (const member of [...own, ...members.filter((each) => !each.includes(';'))]) {
    const match = /^max-age=(\d+)(?:\+(\d+))?/.exec(member);
    if (match !== null && !found.has('max-age')) {
      found.set('max-age', match[1]!);
      if (match[2] !== undefined) found.set('stale-while-revalidate', match[2]);
    }
    if (member.startsWith('no-store')) found.set('no-store', '');
  }
  return found.size === 0 ? undefined : found;
}

/** A directive's number; `undefined` when it is not there, 0 when it is none. */
export function seconds(directives: Directives, name: string): number | undefined {
  const argument = directives.get(name);
  if (argument === undefined) return undefined;
  return /^\d+$/.test(argument) ? Math.min(Number(argument), GREATEST_SECONDS) : 0;
}

/** `no-cache` or `private` for the whole response. */
export function isUnqualified(directives: Directives, name: string): boolean {
  return directives.get(name) === '';
}

/** The fields that `no-cache` and `private` name (RFC 9111 §5.2.2.4, §5.2.2.7). */
export function named(directives: Directives): string[] {
  return ['no-cache', 'private'].flatMap((directive) =>
    (directives.get(directive) ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );
}

/** A stale response may never be used (RFC 9111 §4.2.4, §5.2.2.10). */
export function forbidsStale(directives: Directives): boolean {
  return ['must-revalidate', 'proxy-revalidate', 's-maxage', 'no-cache'].some((name) =>
    name === 'no-cache' ? isUnqualified(directives, name) : directives.has(name),
  );
}
