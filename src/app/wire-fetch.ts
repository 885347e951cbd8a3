import type { AppConfig } from '../config/app-schema.ts';
import { createCachedFetch } from '../fetch/cached-fetch.ts';
import type { FetchServiceOptions } from '../fetch/fetch-service.ts';
import type { Store } from '../store/store.ts';
import { cacheSettings } from '../wiring/cache-settings.ts';
import type { OpenParts } from '../wiring/open-parts.ts';

/** Makes the cached `fetch` of the services that the options name; without any, all requests go straight on. */
export function wireFetch(config: AppConfig, parts: OpenParts, store: Store): typeof globalThis.fetch {
  const services = Object.entries(config.services)
    .filter(([, { cache }]) => cache !== 'off')
    .map(([name, service]) => serviceOf(name, service, config));
  return createCachedFetch({ ...parts, store, responses: parts.responses!, services });
}

function serviceOf(
  name: string,
  { origin, cache, timeouts }: AppConfig['services'][string],
  { mode }: AppConfig,
): FetchServiceOptions {
  return {
    name,
    origin: new URL(origin),
    ...cacheSettings(cache, mode),
    connectMs: timeouts.connect_ms,
    headersMs: timeouts.headers_ms,
    bodyMs: timeouts.body_ms,
    stallMs: timeouts.stall_ms,
    collapseMs: timeouts.collapse_ms,
  };
}
