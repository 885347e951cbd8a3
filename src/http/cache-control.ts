import { scanDirectives } from './directives.ts';

/**
 * The directives of a `Cache-Control` value, of a request or a response (RFC 9111 §5.2, RFC 5861, RFC 8246).
 * A directive that is not there is `false` or `undefined`; others than these are ignored, as §5.2.3 says.
 */
export interface CacheControl {
  readonly maxAgeSeconds: number | undefined;
  readonly sMaxageSeconds: number | undefined;
  /** `true`, or the names of the fields it is limited to, in lower case. */
  readonly noCache: boolean | readonly string[];
  /** `true`, or the names of the fields it is limited to, in lower case. */
  readonly private: boolean | readonly string[];
  readonly noStore: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly public: boolean;
  readonly mustUnderstand: boolean;
  readonly noTransform: boolean;
  readonly onlyIfCached: boolean;
  /** `Infinity` for any staleness (RFC 9111 §5.2.1.2). */
  readonly maxStaleSeconds: number | undefined;
  readonly minFreshSeconds: number | undefined;
  readonly staleWhileRevalidateSeconds: number | undefined;
  readonly staleIfErrorSeconds: number | undefined;
  readonly immutable: boolean;
}

/** The greatest number of seconds that is told apart from greater ones (RFC 9111 §1.2.2). */
export const MAX_DELTA_SECONDS = 2 ** 31;

/**
 * Reads a `Cache-Control` value. Never throws. Of a repeated number of seconds the first counts, and an invalid one
 * is 0: such a response is stale (RFC 9111 §4.2.1), and such a request allows nothing.
 */
export function parseCacheControl(value: string | undefined): CacheControl {
  if (value === undefined) return NO_DIRECTIVES;
  const found = noDirectives();
  scanDirectives(value, (name, argument) => {
    const seconds = SECONDS.get(name);
    if (seconds !== undefined) found[seconds] ??= secondsOf(name, argument);
    else if (name === 'no-cache') found.noCache = limitedTo(found.noCache, argument);
    else if (name === 'private') found.private = limitedTo(found.private, argument);
    else {
      const flag = FLAGS.get(name);
      if (flag !== undefined) found[flag] = true;
    }
  });
  return found;
}

/** Delta-seconds (RFC 9111 §1.2.2), `undefined` when it is none. */
export function parseDeltaSeconds(text: string): number | undefined {
  return /^[0-9]+$/.test(text) ? Math.min(Number(text), MAX_DELTA_SECONDS) : undefined;
}

/** Directives while they are read. */
export type Draft = { -readonly [Name in keyof CacheControl]: CacheControl[Name] };
type SecondsName = Extract<keyof CacheControl, `${string}Seconds`>;
type FlagName = Exclude<keyof CacheControl, SecondsName | 'noCache' | 'private'>;

/** The directives that are a number of seconds. */
export const SECONDS: ReadonlyMap<string, SecondsName> = new Map([
  ['max-age', 'maxAgeSeconds'],
  ['s-maxage', 'sMaxageSeconds'],
  ['max-stale', 'maxStaleSeconds'],
  ['min-fresh', 'minFreshSeconds'],
  ['stale-while-revalidate', 'staleWhileRevalidateSeconds'],
  ['stale-if-error', 'staleIfErrorSeconds'],
]);

/** The directives that are there or not. */
export const FLAGS: ReadonlyMap<string, FlagName> = new Map([
  ['no-store', 'noStore'],
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['public', 'public'],
  ['must-understand', 'mustUnderstand'],
  ['no-transform', 'noTransform'],
  ['only-if-cached', 'onlyIfCached'],
  ['immutable', 'immutable'],
]);

// A literal of its own for each value: much faster than copying a frozen one.
export const noDirectives = (): Draft => ({
  maxAgeSeconds: undefined,
  sMaxageSeconds: undefined,
  noCache: false,
  private: false,
  noStore: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  public: false,
  mustUnderstand: false,
  noTransform: false,
  onlyIfCached: false,
  maxStaleSeconds: undefined,
  minFreshSeconds: undefined,
  staleWhileRevalidateSeconds: undefined,
  staleIfErrorSeconds: undefined,
  immutable: false,
});

const NO_DIRECTIVES: CacheControl = Object.freeze(noDirectives());

function secondsOf(name: string, argument: string | undefined): number {
  if (argument === undefined) return name === 'max-stale' ? Number.POSITIVE_INFINITY : 0;
  return parseDeltaSeconds(argument) ?? 0;
}

/**
 * `no-cache` or `private` with an argument. Without a list of names it is the stricter one, and so it is taken when it
 * is repeated.
 */
export function limitedTo(
  known: boolean | readonly string[],
  argument: string | undefined,
): true | readonly string[] {
  const names = (argument ?? '').split(',').map((name) => name.trim().toLowerCase());
  const listed = names.filter((name) => name !== '');
  return known !== false || listed.length === 0 ? true : listed;
}
