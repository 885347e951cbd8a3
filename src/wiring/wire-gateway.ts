import type { Config } from '../config/schema.ts';
import { createExplainer, type Explain } from '../explain/create-explainer.ts';
import { createClientAddress } from '../gateway/client-address.ts';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import type { Service } from '../gateway/service.ts';
import { createWarmOne, type WarmOne } from '../gateway/warm-request.ts';
import type { PurgeRequest, PurgeResult } from '../purge/purge-request.ts';
import { createStoreKeys } from '../store/keys.ts';
import { hashKeyOf } from './hash-key.ts';
import type { OpenParts } from './open-parts.ts';
import { hasSeveralAuthorities } from './session-settings.ts';
import { wirePurge } from './wire-purge.ts';
import { wireServices } from './wire-service.ts';
import type { OwnSessions } from './wire-sessions.ts';

/** All that is made of a configuration's services. A configuration that follows has its own, on the same parts. */
export interface WiredGateway {
  readonly gateway: Gateway;
  readonly services: readonly Service[];
  purge(request: PurgeRequest): Promise<PurgeResult>;
  readonly explain: Explain;
  readonly warmOne: WarmOne;
  /** Lets what is under way finish; its requests have been answered. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface GatewayParts extends OpenParts {
  readonly development: boolean;
  /** Sessions that applications beside the gate keep; `null`: none are configured. */
  readonly own: OwnSessions | null;
}

export function wireGateway(config: Config, parts: GatewayParts): WiredGateway {
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
  const wired = wireServices(config.services, shared);
  const services = wired.map(({ service }) => service);
  const { purge, endpoint } = wirePurge(config, { services, store, keys, clock, observer });
  const fields = Object.entries(config.warm.request_headers).flat();
  const letGo = async (end: (service: Service) => Promise<void>) => {
    await Promise.all(wired.flatMap(({ limiters }) => limiters.map((limiter) => limiter.settle())));
    await Promise.all(wired.flatMap(({ service, authority }) => [end(service), authority?.close()]));
  };
  return {
    gateway: createGateway({ services, clock, observer, purge: endpoint, tracing: parts.tracing }),
    services,
    purge,
    explain: createExplainer({ services, keys, clock }),
    warmOne: createWarmOne({ services, clock, fields }),
    drain: () => letGo((service) => service.drain()),
    close: () => letGo((service) => service.close()),
  };
}
