import type { AppConfig } from '../config/app-schema.ts';
import { DEFAULT_RULES } from '../config/default-limits.ts';
import { createClientAddress } from '../gateway/client-address.ts';
import { createPresentedIn } from '../gateway/presented-in.ts';
import { createLimiter, type Limiter } from '../rate-limit/limiter.ts';
import type { RateRule, Store } from '../store/store.ts';
import type { OpenParts } from '../wiring/open-parts.ts';
import { authorityDigest } from '../wiring/session-settings.ts';
import { wireRemoteGate } from '../wiring/wire-remote-gate.ts';
import { createAddressLimit } from './address-limit.ts';
import { ADMITTED } from './admissions.ts';
import type { Cachegate, PartsRequest } from './cachegate.ts';
import { addressOf } from './parts-request.ts';
import { createRemoteGate, NO_GATE, type RemoteGate } from './remote-gate.ts';

export interface Guards extends Pick<Cachegate, 'gate' | 'limit' | 'forgetGate'> {
  close(): Promise<void>;
}

type GateConfig = NonNullable<AppConfig['gate']>;

/** Makes the guards of their options: the names of the file here, the names of the code there. */
export async function wireGuards(config: AppConfig, parts: OpenParts, store: Store): Promise<Guards> {
  const { keys } = parts;
  const clientAddress = createClientAddress(config.trusted_proxies);
  const limiters: Limiter[] = [];
  const closings: (() => Promise<void>)[] = [];

  function limited(
    kind: string,
    { limit, window_seconds: seconds }: { limit: number; window_seconds: number },
  ) {
    const rule: RateRule = { limit, windowMs: seconds * 1000 };
    const limiter = createLimiter({
      limit: { name: 'address', rule },
      store,
      local: parts.localWindows,
      clock: parts.clock,
      settles: parts.opened.settles,
      onStoreFailure: (error, request) => parts.observer.storeFailed?.('rate limit', 'write', error, request),
    });
    limiters.push(limiter);
    // No service of a server's has such a name; and a key has one rule for ever.
    const name = `@${kind}/${limit}/${seconds}`;
    const key = (request: PartsRequest) => keys.rateLimit(name, 'address', addressOf(request, clientAddress));
    return { limiter, key };
  }

  async function gateOf(gate: GateConfig): Promise<RemoteGate> {
    // Loaded only where somebody is asked.
    const { undiciOutbound: outbound } = await import('../gateway/undici-outbound.ts');
    // Nobody knows here which authorities others on the store ask.
    const authorityName = authorityDigest(gate);
    const wired = await wireRemoteGate(gate, { ...parts, service: '@gate', authorityName, store, outbound });
    closings.push(() => wired.authority.close());
    const { limiter, key } = limited('validations', DEFAULT_RULES.address);
    return createRemoteGate({
      ...wired,
      find: createPresentedIn({ config: gate, ...wired }),
      addressLimiter: limiter,
      addressKey: key,
      clock: parts.clock,
    });
  }

  const { gate, forget } = config.gate === undefined ? NO_GATE : await gateOf(config.gate);
  const counted = config.rate_limit === 'off' ? null : limited('app', config.rate_limit);
  return {
    gate,
    limit: counted === null ? () => ADMITTED : createAddressLimit(counted.limiter, counted.key),
    forgetGate: forget,
    async close() {
      await Promise.all(limiters.map((limiter) => limiter.settle()));
      await Promise.all(closings.map((each) => each()));
    },
  };
}
