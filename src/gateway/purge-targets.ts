import { parseRequestTarget } from '../http/request-target.ts';
import type { PurgeTargets } from '../purge/purge-plan.ts';
import { invalidPurge } from '../purge/purge-request.ts';
import type { StoreKeys } from '../store/keys.ts';
import { createFinder, type Routed } from './location.ts';
import type { Service } from './service.ts';

/** What of a service says where its responses lie. */
type Purged = Routed & Pick<Service, 'name' | 'keyedMethods' | 'hasParts'>;

/** What of the store a URL's requests would be answered from, by the same way that requests go. */
export function createPurgeTargets(
  services: readonly Purged[],
  keys: Pick<StoreKeys, 'targetTag'>,
): PurgeTargets {
  const locate = createFinder(services);
  const names = new Set(services.map(({ name }) => name));

  /** The origin's target; `null` where the service refuses it, so that nothing of it was ever stored. */
  function targetOf(method: string, url: string): string | null {
    const location = locate(method, url);
    if (location.service === null || location.destination.refused !== null) return null;
    return location.destination.target;
  }

  return {
    at(url) {
      const parsed = parseRequestTarget(url);
      if (!parsed.ok) throw invalidPurge(`Bad URL: ${parsed.reason}`);
      const { service } = locate('GET', url);
      if (service === null) return null;
      const target = targetOf('GET', url);
      // A transform may map each method in another way.
      const methods = service.hasParts ? ['GET', ...service.keyedMethods] : service.keyedMethods;
      const keyed = methods.map((method) => targetOf(method, url)).filter((each) => each !== null);
      return {
        service: service.name,
        bases: target === null ? [] : [service.keyOf(target)],
        tags: [...new Set(keyed)].map((each) => keys.targetTag(service.keyOf(each))),
      };
    },
    hasService: (name) => names.has(name),
  };
}
