import { CachegateError } from '../errors.ts';
import type { StoreKeys } from '../store/keys.ts';
import { VALUE_SERVICE, valueTags } from '../value-cache/value-names.ts';
import type { AsyncFunction, CachedOptions } from './cached-function.ts';
import { digestOfCall, digestOfKey } from './canonical-arguments.ts';
import { copiedArguments } from './copied-arguments.ts';
import { optionFault, refuseUnknown } from './option-fault.ts';

/** What is to be done to a function's results: its options, checked and in milliseconds. */
export interface FunctionPlan {
  readonly name: string;
  /** The key of the tag that all its results have. */
  readonly nameTag: string;
  /** What it is counted under. */
  readonly counted: string;
  readonly ttlMs: number;
  readonly revalidateMs: number;
  readonly errorMs: number;
  readonly negative: { readonly ttlMs: number; of(error: unknown): boolean } | null;
  readonly cacheNull: boolean;
  /** The key of the store for some arguments. @throws CachegateError `ERR_CACHE_KEY` */
  keyOf(args: readonly unknown[]): string;
  /** What the function is to be carried out with, later: what the key is of. */
  argumentsOf(args: readonly unknown[]): readonly unknown[];
  /** Whether the key is still that of the arguments. */
  isKeyOf(base: string, args: readonly unknown[]): boolean;
  /** The keys of what the result is found by. @throws CachegateError `ERR_CACHE_KEY` */
  tagsOf(base: string, args: readonly unknown[]): string[];
}

const NAME = /^[\w.:/-]{1,60}$/;
const MAX_SECONDS = 31_536_000;
const WHOSE = 'a cached function';
const OPTIONS: readonly (keyof CachedOptions<AsyncFunction>)[] = [
  ...(['name', 'version', 'ttl', 'tags', 'key', 'staleWhileRevalidate', 'staleIfError'] as const),
  ...(['negative', 'cacheNull', 'statistics'] as const),
];

/** @throws CachegateError `ERR_CONFIG_INVALID` */
export function planFunction<F extends AsyncFunction>(
  options: CachedOptions<F>,
  keys: StoreKeys,
  countedOf: (name: string) => string,
): FunctionPlan {
  if (typeof options !== 'object' || options === null) throw refused('options', 'an object');
  refuseUnknown(WHOSE, options, OPTIONS);
  const { name, version = 1, negative, cacheNull = false, statistics = false } = options;
  if (typeof name !== 'string' || !NAME.test(name)) throw refused('name', '1 to 60 of A-Z a-z 0-9 _ . : / -');
  if (!isVersion(version)) throw refused('version', 'a number, or a text of at most 100 characters');
  if (negative !== undefined && typeof negative?.of !== 'function')
    throw refused('negative.of', 'a function');
  for (const [option, given] of Object.entries({ cacheNull, statistics })) {
    if (typeof given !== 'boolean') throw refused(option, 'true or false');
  }
  // Of every caller they can be anything.
  const key = options.key as ((...args: readonly unknown[]) => unknown) | undefined;
  const tags = options.tags as readonly string[] | ((...args: readonly unknown[]) => readonly string[]);
  if (key !== undefined && typeof key !== 'function') throw refused('key', 'a function');
  if (typeof tags !== 'function' && !areTags(keys, tags))
    throw refused('tags', 'a list of at most 1,024 texts, or a function');
  const nameTag = keys.tag(`fn:${name}`);
  const counted = statistics ? countedOf(name) : VALUE_SERVICE;
  const keyOf = (args: readonly unknown[]) => keys.value(`fn:${digestFor(name, String(version), key, args)}`);
  return {
    ...{ name, nameTag, counted, cacheNull },
    ttlMs: secondsOf('ttl', options.ttl, 0.001),
    revalidateMs: secondsOf('staleWhileRevalidate', options.staleWhileRevalidate ?? 0, 0),
    errorMs: secondsOf('staleIfError', options.staleIfError ?? 0, 0),
    negative: negative
      ? { ttlMs: secondsOf('negative.ttl', negative.ttl, 0.001), of: negative.of.bind(negative) }
      : null,
    keyOf,
    // What a key is made of can be anything, and have no copy.
    argumentsOf: key === undefined ? copiedArguments : (args) => args,
    isKeyOf: key === undefined ? () => true : (base, args) => isAnswer(() => keyOf(args), base),
    tagsOf(base, args) {
      const named = valueTags(keys, typeof tags === 'function' ? tags(...args) : tags);
      return [...named, nameTag, keys.serviceTag(counted, keys.response(counted, base))];
    },
  };
}

function digestFor(
  name: string,
  version: string,
  key: ((...args: readonly unknown[]) => unknown) | undefined,
  args: readonly unknown[],
): string {
  if (key === undefined) return digestOfCall(name, version, args);
  const answer = key(...args);
  if (answer !== undefined) return digestOfKey(name, version, answer);
  // All calls would have the one result.
  throw new CachegateError(
    'ERR_CACHE_KEY',
    `The option \`key\` of the cached function ${name} answers undefined`,
  );
}

/** What can't be asked any more is no such answer. */
function isAnswer(ask: () => unknown, answer: unknown): boolean {
  try {
    return ask() === answer;
  } catch {
    return false;
  }
}

function areTags(keys: StoreKeys, tags: readonly string[] | undefined): boolean {
  return isAnswer(() => (tags === undefined || Array.isArray(tags)) && valueTags(keys, tags) !== null, true);
}

function isVersion(version: unknown): boolean {
  return typeof version === 'string' ? version.length <= 100 : Number.isFinite(version);
}

function secondsOf(option: string, seconds: unknown, least: number): number {
  if (typeof seconds === 'number' && seconds >= least && seconds <= MAX_SECONDS)
    return Math.ceil(seconds * 1_000);
  throw refused(option, `a number of seconds from ${least} to ${MAX_SECONDS}`);
}

function refused(option: string, accepted: string): CachegateError {
  return optionFault(WHOSE, option, accepted);
}
