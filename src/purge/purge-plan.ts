import { CachegateError } from '../errors.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Purge } from './purge-request.ts';

/** What of the store answers a URL. */
export interface PurgeTarget {
  /** The name of the service that has it. */
  readonly service: string;
  /** Keys of groups. */
  readonly bases: readonly string[];
  /** Keys of the tags of what is keyed by a request's content. */
  readonly tags: readonly string[];
}

/** Where things lie, as the gateway knows. */
export interface PurgeTargets {
  /**
   * `null` where no service is.
   * @throws CachegateError `ERR_PURGE_INVALID` for a URL that can't be read
   */
  at(url: string): PurgeTarget | null;
  hasService(name: string): boolean;
}

/** What to drop: groups, and groups by tags. */
export interface PurgePlan {
  readonly bases: readonly string[];
  /** Each set is one of tags (keys) that a group has to have all of. */
  readonly tagSets: readonly (readonly string[])[];
}

/** @throws CachegateError `ERR_PURGE_INVALID`, or `ERR_PURGE_NO_SERVICE` */
export function planPurge(
  { by, names }: Purge,
  targets: PurgeTargets,
  keys: Pick<StoreKeys, 'tag' | 'serviceTags'>,
): PurgePlan {
  const [name = ''] = names;
  switch (by) {
    case 'url': {
      const target = targets.at(name);
      if (target === null) throw noService('No service is at this URL');
      return { bases: target.bases, tagSets: target.tags.map((tag) => [tag]) };
    }
    case 'tag':
      return { bases: [], tagSets: [names.map((tag) => keys.tag(tag))] };
    case 'service':
      if (!targets.hasService(name)) throw noService('No service has this name');
      return { bases: [], tagSets: keys.serviceTags(name).map((tag) => [tag]) };
  }
}

function noService(message: string): CachegateError {
  return new CachegateError('ERR_PURGE_NO_SERVICE', message);
}
