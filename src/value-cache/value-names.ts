import { CachegateError } from '../errors.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { ValueOptions } from './value-cache.ts';

const MAX_NAME_LENGTH = 1_024;
// They are written by one command, for which all others wait.
const MAX_TAGS = 1_024;
const MAX_TTL_SECONDS = 31_536_000;
// Half a pair of surrogates has no bytes of its own: in a digest all of them would be one.
const UNPAIRED = /\p{Cs}/u;

/** @throws CachegateError `ERR_CACHE_KEY` */
export function valueKey(keys: StoreKeys, key: string): string {
  return keys.value(checkedName(key, 'key'));
}

/** @throws CachegateError `ERR_CACHE_KEY` */
export function valueTags(keys: StoreKeys, tags: readonly string[] | undefined): string[] {
  const named = tags ?? [];
  if (!Array.isArray(named) || named.length > MAX_TAGS) {
    throw new CachegateError(
      'ERR_CACHE_KEY',
      `The tags of a cached value must be a list of at most ${MAX_TAGS}`,
    );
  }
  return named.map((tag) => keys.tag(checkedName(tag, 'tag')));
}

/** What values are counted under, beside the services. */
export const VALUE_SERVICE = 'values';

/** Of all values, in parts as a service's responses are: by a digest, since most keys begin alike. */
export function valueIndexTag(keys: StoreKeys, key: string): string {
  return keys.serviceTag(VALUE_SERVICE, keys.response(VALUE_SERVICE, key));
}

/** @throws CachegateError `ERR_CACHE_VALUE` */
export function valueTtlMs({ ttlSeconds }: ValueOptions): number {
  if (typeof ttlSeconds === 'number' && ttlSeconds > 0 && ttlSeconds <= MAX_TTL_SECONDS) {
    return Math.ceil(ttlSeconds * 1000);
  }
  const accepted = `a number of seconds above 0, at most ${MAX_TTL_SECONDS}`;
  throw new CachegateError('ERR_CACHE_VALUE', `ttlSeconds of a cached value: ${accepted}`);
}

function checkedName(name: unknown, what: string): string {
  if (typeof name === 'string' && name !== '' && name.length <= MAX_NAME_LENGTH && !UNPAIRED.test(name)) {
    return name;
  }
  const accepted = `a text of 1 to ${MAX_NAME_LENGTH} characters`;
  throw new CachegateError('ERR_CACHE_KEY', `A ${what} of a cached value must be ${accepted}`);
}
