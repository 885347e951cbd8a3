import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { createPurgeAccess } from '../gateway/purge-access.ts';
import { createPurgeEndpoint, type PurgeEndpoint } from '../gateway/purge-endpoint.ts';
import { createPurgeTargets } from '../gateway/purge-targets.ts';
import type { Service } from '../gateway/service.ts';
import type { GateObserver } from '../observe/observer.ts';
import type { PurgeRequest, PurgeResult } from '../purge/purge-request.ts';
import { createPurger } from '../purge/purger.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';

export interface PurgeParts {
  readonly services: readonly Service[];
  readonly store: Store | null;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly observer: GateObserver;
}

export interface WiredPurge {
  /** For the code that started the server. */
  purge(request: PurgeRequest): Promise<PurgeResult>;
  /** For the listener; `null` where the method is off. */
  readonly endpoint: PurgeEndpoint | null;
}

export function wirePurge(
  { purge: access, trusted_proxies }: Pick<Config, 'purge' | 'trusted_proxies'>,
  { services, store, keys, clock, observer }: PurgeParts,
): WiredPurge {
  const targets = createPurgeTargets(services, keys);
  const purger = createPurger({ store, keys, targets, clock, observer });
  const purge = (request: PurgeRequest) => {
    const correlationId = randomUUID();
    return purger.purge(request, { correlationId: () => correlationId });
  };
  if (access === 'off') return { purge, endpoint: null };
  const { addresses, token = null } = access;
  const endpoint = createPurgeEndpoint({
    access: createPurgeAccess({ addresses, token, trustedProxies: trusted_proxies }),
    purger,
    targets,
    observer,
  });
  return { purge, endpoint };
}
