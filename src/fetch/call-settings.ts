import type { CacheMode } from './cache-mode.ts';

/** What one call asks of the cache, beside what its request says (`init.cachegate`). */
export interface CallSettings {
  /** What is stored of it is tagged with these too. One that joins another's request adds none. */
  readonly tags?: readonly string[] | undefined;
  /**
   * `true`: a stored response is validated now, as with `cache: 'no-cache'`. A number: one of at most so many seconds of age
   * is good enough (RFC 9111 §5.2.1.1).
   */
  readonly revalidate?: boolean | number | undefined;
  /** As `ttl_seconds` of a service: the freshness lifetime of a response to which its origin gives none. */
  readonly ttl?: number | undefined;
}

const NO_SETTINGS: CallSettings = Object.freeze({});
const NAMES: ReadonlySet<string> = new Set<keyof CallSettings>(['tags', 'revalidate', 'ttl']);
const MAX_TAGS = 64;
// As the tags of a service.
const TAG = /^(?! )[\x20-\x2b\x2d-\x7e]{1,1024}(?<! )$/;
const YEAR_SECONDS = 366 * 24 * 60 * 60;

/**
 * @param name what the caller has written it as
 * @throws TypeError for what makes no sense
 */
export function callSettingsOf(given: unknown, name = 'init.cachegate'): CallSettings {
  if (given === undefined || given === null) return NO_SETTINGS;
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new TypeError(`${name}: accepted: an object`);
  }
  // A misspelt tag would be found by nobody who invalidates it.
  const unknown = Object.keys(given).find((each) => !NAMES.has(each));
  if (unknown !== undefined) {
    throw new TypeError(`${name}.${unknown}: unknown; accepted: ${[...NAMES].join(', ')}`);
  }
  const { tags, revalidate, ttl } = given as CallSettings;
  if (tags !== undefined) checkTags(tags);
  if (ttl !== undefined && !isSeconds(ttl)) throw seconds(`${name}.ttl`);
  if (revalidate !== undefined && typeof revalidate !== 'boolean' && !isSeconds(revalidate)) {
    throw seconds(`${name}.revalidate`, 'true, false, or ');
  }
  // A copy: it is the caller's to write to once the call is made.
  return { tags: tags && [...tags], revalidate, ttl };
}

/**
 * Checks names by which stored responses are found.
 * @throws TypeError
 */
export function checkTags(tags: unknown): asserts tags is readonly string[] {
  const areTags =
    Array.isArray(tags) &&
    tags.length <= MAX_TAGS &&
    tags.every((tag: unknown) => typeof tag === 'string' && TAG.test(tag));
  if (areTags) return;
  const form = '1 to 1024 printable ASCII characters without a comma';
  throw new TypeError(`Tags: accepted: a list of at most ${MAX_TAGS}, each of ${form}`);
}

function isSeconds(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= YEAR_SECONDS;
}

function seconds(name: string, more = ''): TypeError {
  return new TypeError(`${name}: accepted: ${more}a whole number of seconds from 0 to ${YEAR_SECONDS}`);
}

/** A validation that is asked for is one that is asked for, however; what asks for no store, or nothing else, stays. */
export function modeOf(mode: CacheMode, { revalidate }: CallSettings): CacheMode {
  return revalidate === true && (mode === 'default' || mode === 'force-cache') ? 'no-cache' : mode;
}

/** A request's own `Cache-Control` with the greatest age that the call accepts. */
export function withGreatestAge(own: string | null, { revalidate }: CallSettings): string | null {
  if (typeof revalidate !== 'number') return own;
  // Of several numbers the first counts.
  return own === null ? `max-age=${revalidate}` : `max-age=${revalidate}, ${own}`;
}
