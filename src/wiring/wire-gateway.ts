import type { Config } from '../config/schema.ts';
import { createClientAddress } from '../gateway/client-address.ts';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import type { Outbound } from '../gateway/outbound.ts';
import type { PurgeEndpoint } from '../gateway/purge-endpoint.ts';
import type { Service } from '../gateway/service.ts';
import { createStoreKeys, type StoreKeys } from '../store/keys.ts';
import { hashKeyOf } from './hash-key.ts';
import type { OpenParts } from './open-parts.ts';
import { hasSeveralAuthorities } from './session-settings.ts';
import type { PurgeParts } from './wire-purge.ts';
import { wireServices } from './wire-service.ts';
import type { OwnSessions } from './wire-sessions.ts';

/** All that is made of a configuration's services. A configuration that follows has its own, on the same parts. */
export interface WiredGateway {
  readonly gateway: Gateway;
  readonly services: readonly Service[];
  /** Of this configuration's namespace. */
  readonly keys: StoreKeys;
  /** Lets what is under way finish; its requests have been answered. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface GatewayParts extends OpenParts {
  readonly development: boolean;
  /** Sessions that applications beside the gate keep; `null`: none are configured. */
  readonly own: OwnSessions | null;
  /** By which origins and authorities are asked. */
  readonly outbound: Outbound;
}

/** @throws CachegateError `ERR_CONFIG_INVALID` for what no service can be made of */
export async function wireGateway(config: Config, parts: GatewayParts): Promise<WiredGateway> {
  const { clock, observer, opened } = parts;
  const { store } = opened;
  const keys = createStoreKeys(config.namespace, hashKeyOf(config));
  const shared = {
    ...parts,
    keys,
    mode: config.mode,
    store,
    distant: opened.distant,
    settles: opened.settles,
    clientAddress: createClientAddress(config.trusted_proxies),
    severalAuthorities: hasSeveralAuthorities(config.services),
  };
  const wired = await wireServices(config.services, shared);
  const services = wired.map(({ service }) => service);
  const purge = await purgeEndpointOf(config, { services, store, keys, clock, observer });
  const letGo = async (end: (service: Service) => Promise<void>) => {
    await Promise.all(wired.flatMap(({ limiters }) => limiters.map((limiter) => limiter.settle())));
    await Promise.all(wired.flatMap(({ service, authority }) => [end(service), authority?.close()]));
  };
  return {
    gateway: createGateway({ services, clock, observer, purge, tracing: parts.tracing }),
    services,
    keys,
    drain: () => letGo((service) => service.drain()),
    close: () => letGo((service) => service.close()),
  };
}

/** Loaded only where the method is on. */
async function purgeEndpointOf(config: Config, parts: PurgeParts): Promise<PurgeEndpoint | null> {
  if (config.purge === 'off') return null;
  const { wirePurge } = await import('./wire-purge.ts');
  return wirePurge(config, parts).endpoint;
}
