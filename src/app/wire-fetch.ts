import type { AppConfig } from '../config/app-schema.ts';
import { createCachedFetch } from '../fetch/cached-fetch.ts';
import type { FetchServiceOptions } from '../fetch/fetch-service.ts';
import { createOriginBudgets, type OriginBudgets } from '../origin-budget/origin-budgets.ts';
import type { Store } from '../store/store.ts';
import { budgetSettings } from '../wiring/budget-settings.ts';
import { cacheSettings } from '../wiring/cache-settings.ts';
import type { OpenParts } from '../wiring/open-parts.ts';

/** Makes the cached `fetch` of the services that the options name; without any, all requests go straight on. */
export function wireFetch(config: AppConfig, parts: OpenParts, store: Store): typeof globalThis.fetch {
  const budgets = createOriginBudgets({ ...parts, store, local: parts.localWindows });
  const services = Object.entries(config.services)
    .filter(([, { cache, origin_limit: limit }]) => cache !== 'off' || limit !== undefined)
    .map(([name, service]) => serviceOf(name, service, config, budgets));
  return createCachedFetch({ ...parts, store, responses: parts.responses!, services });
}

function serviceOf(
  name: string,
  { origin, cache, timeouts, origin_limit: limit }: AppConfig['services'][string],
  { mode }: AppConfig,
  budgets: OriginBudgets,
): FetchServiceOptions {
  return {
    name,
    origin: new URL(origin),
    budget: limit === undefined ? null : budgets(name, budgetSettings(name, limit)),
    uncached: cache === 'off',
    ...cacheSettings(cache, mode),
    connectMs: timeouts.connect_ms,
    headersMs: timeouts.headers_ms,
    bodyMs: timeouts.body_ms,
    stallMs: timeouts.stall_ms,
    collapseMs: timeouts.collapse_ms,
  };
}
