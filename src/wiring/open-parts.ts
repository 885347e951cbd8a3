import { type Background, createBackground } from '../background.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { type ClientAddress, createClientAddress } from '../gateway/client-address.ts';
import type { Log } from '../observe/log.ts';
import type { GateObserver } from '../observe/observer.ts';
import { createOwnSessionLog } from '../observe/own-session-log.ts';
import { createPurgeLog } from '../observe/purge-log.ts';
import { createSessionLog } from '../observe/session-log.ts';
import { createRequestLog, createStoreLog } from '../observe/store-log.ts';
import { createResponseCache, type ResponseCache } from '../response-cache/response-cache.ts';
import { createStoreKeys, type StoreKeys } from '../store/keys.ts';
import { createLocalWindows, type LocalWindows } from '../store/local-windows.ts';
import { type OpenStore, openStore, type StoreConfig, type ValkeyClient } from './open-store.ts';

/** What of a configuration, a server's or an application's, says how the parts are made that all else stands on. */
export type PartsConfig = StoreConfig & Pick<Config, 'logging_level' | 'trusted_proxies'>;

export interface OpenPartsOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** The key of the hashes in the store's key names. */
  readonly hashKey: string;
  /** The application's own client, used instead of one of the store's URL. */
  readonly valkeyClient?: ValkeyClient | undefined;
}

/** What is there once in a process, on one store with one connection. */
export interface OpenParts {
  readonly clock: Clock;
  readonly observer: GateObserver;
  readonly background: Background;
  readonly opened: OpenStore;
  readonly keys: StoreKeys;
  /** `null` without a store. */
  readonly responses: ResponseCache | null;
  readonly localWindows: LocalWindows;
  readonly clientAddress: ClientAddress;
}

// More work behind the answers than this means that the store can't keep up; what comes then is not kept.
const MAX_BACKGROUND = 10_000;

/**
 * Opens the store and makes what stands on it.
 * @throws CachegateError as `openStore` does
 */
export async function openParts(config: PartsConfig, options: OpenPartsOptions): Promise<OpenParts> {
  const { env, log, valkeyClient: client } = options;
  const clock = systemClock;
  const observer: GateObserver = {
    ...createSessionLog(log, config.logging_level, clock),
    ...createOwnSessionLog(log, clock),
    ...createStoreLog(log, clock),
    ...createRequestLog(log),
    ...createPurgeLog(log, clock),
  };
  const background = createBackground(MAX_BACKGROUND, (error) =>
    log.error({ err: error }, 'Background work failed'),
  );
  const opened = await openStore(config, { clock, observer, env, client });
  const keys = createStoreKeys(config.namespace, options.hashKey);
  const parts = { clock, observer, background, keys };
  return {
    ...parts,
    opened,
    responses: responseCacheOn(opened, parts),
    localWindows: createLocalWindows(),
    clientAddress: createClientAddress(config.trusted_proxies),
  };
}

function responseCacheOn(
  { store, near, unheardMs }: OpenStore,
  parts: Pick<OpenParts, 'clock' | 'observer' | 'background' | 'keys'>,
): ResponseCache | null {
  if (store === null) return null;
  return createResponseCache({
    ...parts,
    store,
    ...(near && { weigh: near.weigh }),
    ...(unheardMs !== undefined && { unheardMs }),
  });
}
