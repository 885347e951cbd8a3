import { cacheKey, type KeyedRequest, normalisedTarget, type TargetKeying } from '../engine/cache-key.ts';
import type { CachePolicy } from '../engine/policy.ts';
import type { OriginBudget } from '../origin-budget/origin-budget.ts';
import type { StoreKeys } from '../store/keys.ts';

/** An origin whose responses are cached, and how. */
export interface FetchServiceOptions {
  /** Part of the keys: services of one name share what they store, in a gateway too. */
  readonly name: string;
  /** Requests whose URLs begin with its origin and path are the service's. */
  readonly origin: URL;
  /** How often the origin may be asked; `null`: as often as it is. */
  readonly budget: OriginBudget | null;
  /** Nothing of it is stored, or answered from what is. */
  readonly uncached: boolean;
  readonly policy: CachePolicy;
  readonly maxBodyBytes: number;
  readonly keying: TargetKeying;
  /** Methods beside GET and HEAD whose responses are stored, with the request's content in the key. */
  readonly keyedMethods: readonly string[];
  /** A request of such a method with more content is passed on. */
  readonly maxKeyBodyBytes: number;
  /** For so long at most an origin's `Retry-After` is heeded; 0: not at all. */
  readonly retryAfterLimitMs: number;
  /** What all of its stored responses are tagged with. */
  readonly tags: readonly string[];
  /** Longer bodies are compressed in the store where their kind allows; `null`: none is. */
  readonly compressFromBytes: number | null;
  readonly connectMs: number;
  /** For the header section, from when there is a connection. */
  readonly headersMs: number;
  /** For each piece of the content. */
  readonly bodyMs: number;
  /** For so long a caller may take nothing of a body that others, or the store, wait for with it. */
  readonly stallMs: number;
  /** For so long at most a request waits for another process that asks the origin the same. */
  readonly collapseMs: number;
}

export interface FetchService extends Omit<FetchServiceOptions, 'tags' | 'keyedMethods'> {
  /** The origin's URL without a closing slash; targets begin where it ends. */
  readonly baseUri: string;
  /** Keys of the store. */
  readonly tags: readonly string[];
  /** Keys too: of the service's tags, and these. */
  withTags(names: readonly string[]): readonly string[];
  readonly keyedMethods: ReadonlySet<string>;
  /** Of a target there may be stored responses under other keys than `keyOf(target)`. */
  readonly hasSeveralKeys: boolean;
  /** What the origin is asked for in the place of a target: the same for all that have one key. */
  normalised(target: string): string;
  /**
   * The key of the store.
   * @param authorization the request's: what a private cache was answered for one counts for no other
   */
  keyOf(target: string, authorization?: string | null): string;
  contentKeyOf(method: string, target: string, digest: string, authorization?: string | null): string;
  /** Whether `keyOf` makes a difference between a request with this `Authorization` and one without. */
  isApart(authorization: string | null | undefined): boolean;
  /** Path and query below the service's own path; `null` for a URL that is none of it. */
  targetOf(uri: string): string | null;
}

// No digest, as the parts of a gateway's callers are: the keys of private caches and shared ones never meet.
const PRIVATE = 'private';

/** Finds the service of a URL: the one with the longest origin and path that it begins with. */
export function createServiceFinder(
  services: readonly FetchServiceOptions[],
  keys: StoreKeys,
): (uri: string) => FetchService | null {
  const made = services.map((options) => createFetchService(options, keys));
  made.sort((a, b) => b.baseUri.length - a.baseUri.length);
  return (uri) => made.find((service) => service.targetOf(uri) !== null) ?? null;
}

function createFetchService(options: FetchServiceOptions, keys: StoreKeys): FetchService {
  const { name: service, origin, keying, policy, keyedMethods } = options;
  const baseUri = (origin.origin + origin.pathname).replace(/\/$/, '');
  const normalised = (target: string) => normalisedTarget(target, keying);
  const tags = options.tags.map(keys.tag);
  const isPrivate = policy.private === true;
  const isApart = (authorization: string | null | undefined): authorization is string =>
    isPrivate && typeof authorization === 'string';
  const keyed = (request: Omit<KeyedRequest, 'service' | 'part'>, authorization?: string | null) => {
    const ofCredentials = isApart(authorization) ? ` ${keys.hash(`authorization:${authorization}`)}` : '';
    const part = isPrivate ? { part: PRIVATE + ofCredentials } : {};
    return keys.response(service, cacheKey({ service, ...request, ...part }));
  };
  return {
    ...options,
    baseUri,
    tags,
    withTags: (more) => [...tags, ...more.map(keys.tag)],
    keyedMethods: new Set(keyedMethods),
    hasSeveralKeys: isPrivate || keyedMethods.length > 0,
    normalised,
    isApart,
    keyOf: (target, authorization) => keyed({ method: 'GET', target: normalised(target) }, authorization),
    contentKeyOf: (method, target, content, authorization) =>
      keyed({ method, target, content }, authorization),
    targetOf(uri) {
      if (!uri.startsWith(baseUri)) return null;
      const target = withoutFragment(uri.slice(baseUri.length));
      return target === '' || target[0] === '/' || target[0] === '?' ? target : null;
    },
  };
}

function withoutFragment(text: string): string {
  const mark = text.indexOf('#');
  return mark === -1 ? text : text.slice(0, mark);
}
