import { CachegateError } from '../errors.ts';

/**
 * `hard` deletes. `soft` marks as stale, so that what is marked is still sent where a stale response may be
 * (`stale-while-revalidate`, `stale-if-error`), and is validated else.
 */
export type PurgeMode = 'hard' | 'soft';

/** What is purged. */
export type PurgeSubject =
  /** All that is stored for a URL: each variant, and responses keyed by a request's content. A path with its query does too: the host says nothing. */
  | { readonly url: string }
  /** All that has every one of these tags, of any service. */
  | { readonly tags: readonly string[] }
  /** All of a service, by its name. */
  | { readonly service: string };

export type PurgeRequest = PurgeSubject & {
  /** `hard` by default. */
  readonly mode?: PurgeMode;
  /** Whether to resolve only when no process answers with it any more; `false` by default. */
  readonly wait?: boolean;
};

export interface PurgeResult {
  /** The resources of which something was stored. */
  readonly purged: number;
}

/** A request that was checked. */
export interface Purge {
  readonly by: 'url' | 'tag' | 'service';
  /** The URL, the tags, or the service. */
  readonly names: readonly string[];
  readonly mode: PurgeMode;
  readonly wait: boolean;
}

/** More tags than this of one purge are a mistake: a response has to have all of them. */
export const MAX_PURGE_TAGS = 16;

// As http/cache-tags.ts takes them from an origin.
const TAG = /^[\x20-\x7e]{1,1024}$/;

/**
 * Checks what a caller asks for.
 * @throws CachegateError `ERR_PURGE_INVALID`
 */
export function checkedPurge(request: PurgeRequest): Purge {
  const { mode = 'hard', wait = false } = request;
  if (mode !== 'hard' && mode !== 'soft') throw invalidPurge('The mode of a purge is hard or soft');
  if (typeof wait !== 'boolean') throw invalidPurge('Whether a purge waits is true or false');
  return { ...checkedSubject(request), mode, wait };
}

function checkedSubject(request: PurgeSubject): Pick<Purge, 'by' | 'names'> {
  const { url, tags, service } = request as { url?: unknown; tags?: unknown; service?: unknown };
  const given = [url, tags, service].filter((each) => each !== undefined);
  if (given.length !== 1) throw invalidPurge('A purge is by one of url, tags and service');
  if (typeof url === 'string') return { by: 'url', names: [url] };
  if (typeof service === 'string') return { by: 'service', names: [service] };
  if (Array.isArray(tags)) return { by: 'tag', names: checkedTags(tags) };
  throw invalidPurge('A purge is by a URL, a list of tags, or the name of a service');
}

function checkedTags(tags: readonly unknown[]): string[] {
  const known = new Set<string>();
  for (const tag of tags) {
    const trimmed = typeof tag === 'string' ? tag.trim() : '';
    // Leaving one out would purge more than was meant.
    if (!TAG.test(trimmed)) throw invalidPurge('A tag is 1 to 1024 characters of printable ASCII');
    known.add(trimmed);
  }
  if (known.size === 0) throw invalidPurge('A purge by tags needs a tag');
  if (known.size > MAX_PURGE_TAGS) throw invalidPurge(`A purge is by at most ${MAX_PURGE_TAGS} tags`);
  return [...known];
}

export function invalidPurge(message: string, cause?: unknown): CachegateError {
  return new CachegateError('ERR_PURGE_INVALID', message, cause === undefined ? undefined : { cause });
}
