import type { AppConfig } from '../config/app-schema.ts';
import type { FetchServiceOptions } from '../fetch/fetch-service.ts';
import { createRoutedFetch, type RoutedFetch } from '../fetch/routed-fetch.ts';
import { createOriginBudgets, type OriginBudgets } from '../origin-budget/origin-budgets.ts';
import type { Store } from '../store/store.ts';
import { budgetSettings } from '../wiring/budget-settings.ts';
import { cacheSettings } from '../wiring/cache-settings.ts';
import type { OpenParts } from '../wiring/open-parts.ts';

/** Makes the cached `fetch` of the services that the options name; without any, all requests go straight on. */
export function wireFetch(config: AppConfig, parts: OpenParts, store: Store): RoutedFetch {
  const budgets = createOriginBudgets({ ...parts, store, local: parts.localWindows });
  const services = fetchServices(config, budgets, 'shared');
  return createRoutedFetch({ ...parts, store, responses: parts.responses!, services });
}

/** Whose responses a cache holds: those of all of an application's users, or of one (RFC 9111 §1). */
export type CacheType = 'shared' | 'private';

/** The services that a cache has to do with. */
export function fetchServices(
  { services, mode }: Pick<AppConfig, 'services' | 'mode'>,
  budgets: OriginBudgets,
  type: CacheType,
): FetchServiceOptions[] {
  return Object.entries(services)
    .filter(([, { cache, origin_limit: limit }]) => cache !== 'off' || limit !== undefined)
    .map(([name, { origin, cache, timeouts, origin_limit: limit }]) => {
      const settings = cacheSettings(cache, mode);
      return {
        name,
        origin: new URL(origin),
        budget: limit === undefined ? null : budgets(name, budgetSettings(name, limit)),
        uncached: cache === 'off',
        ...settings,
        policy: type === 'private' ? { ...settings.policy, private: true } : settings.policy,
        connectMs: timeouts.connect_ms,
        headersMs: timeouts.headers_ms,
        bodyMs: timeouts.body_ms,
        stallMs: timeouts.stall_ms,
        collapseMs: timeouts.collapse_ms,
      };
    });
}
