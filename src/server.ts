import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { createNodeListener } from './adapters/node.ts';
import { startNodeServer } from './adapters/node-server.ts';
import { startAdminServer } from './admin/admin-server.ts';
import { createBackground } from './background.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config/schema.ts';
import { CachegateError } from './errors.ts';
import { createClientAddress } from './gateway/client-address.ts';
import { createGateway } from './gateway/gateway.ts';
import { createLog, type Log } from './observe/log.ts';
import type { GateObserver } from './observe/observer.ts';
import { createSessionLog } from './observe/session-log.ts';
import { createRequestLog, createStoreLog } from './observe/store-log.ts';
import { createResponseCache } from './response-cache/response-cache.ts';
import { createStoreKeys } from './store/keys.ts';
import { createLocalWindows } from './store/local-windows.ts';
import { hashKeyOf } from './wiring/hash-key.ts';
import { greetStore, openStore } from './wiring/open-store.ts';
import { hasSeveralAuthorities, wireService } from './wiring/wire-service.ts';

export interface StartOptions {
  /** `NODE_ENV` is read: `development` lets the `development_origins` in. */
  readonly env: NodeJS.ProcessEnv;
  /** The application's own log; by default one on standard output. */
  readonly log?: Log;
}

export interface RunningServer {
  readonly url: string;
  /** `null` where the admin side is off. */
  readonly adminUrl: string | null;
  /**
   * Stops accepting, lets what is under way finish (for `deadlineMs` at most), then lets go of the store.
   * Answers whether all finished.
   */
  close(deadlineMs?: number): Promise<boolean>;
}

// More work behind the answers than this means that the store can't keep up; what comes then is not kept.
const MAX_BACKGROUND = 10_000;

/**
 * Starts the configured server: gateway, admin side, store.
 * @throws CachegateError `ERR_SERVER_LISTEN` when an address can't be listened on, `ERR_CONFIG_INVALID` for a
 * certificate or key that can't be used
 */
export async function startServer(config: Config, options: StartOptions): Promise<RunningServer> {
  const log = options.log ?? createLog({ level: config.logging_level });
  const { gateway, opened, release } = assemble(config, options.env, log);
  const { store } = opened;

  let ready = false;
  const admin = await orRelease(release, async () =>
    config.admin_listen === 'off'
      ? null
      : startAdminServer(config.admin_listen, {
          isReady: () => ready,
          storeState: opened.state,
          storageType: store?.kind ?? 'none',
        }),
  );
  const server = await orRelease(
    async () => {
      await admin?.close();
      await release();
    },
    async () =>
      startNodeServer({
        address: config.listen,
        tls: config.tls === undefined ? null : await readTls(config.tls),
        listener: createNodeListener(gateway, (error) =>
          log.error({ err: error }, 'An answer could not be sent'),
        ),
        upgrades: Object.values(config.services).flatMap(({ upgrade }) => (upgrade === 'off' ? [] : upgrade)),
      }),
  );
  await greetStore(opened, log);
  ready = true;
  log.info({ url: server.url, services: Object.keys(config.services) }, `Listening on ${server.url}`);

  async function stop(deadlineMs: number): Promise<boolean> {
    ready = false;
    log.info('Stopping: requests under way may finish');
    const finished = await server.close(deadlineMs);
    await admin?.close();
    await release();
    if (store !== null) log.info(`Closed the store at ${opened.shownUrl}`);
    log.info(finished ? 'Stopped' : 'Stopped; some requests were cut off at the deadline');
    return finished;
  }
  let stopping: Promise<boolean> | null = null;

  return {
    url: server.url,
    adminUrl: admin?.url ?? null,
    close(deadlineMs = config.shutdown_timeout_ms) {
      stopping ??= stop(deadlineMs);
      return stopping;
    },
  };
}

/** Makes the parts of their configuration; `release` lets go of them, what is under way behind answers first. */
function assemble(config: Config, env: NodeJS.ProcessEnv, log: Log) {
  const clock = systemClock;
  const observer: GateObserver = {
    ...createSessionLog(log, config.logging_level, clock),
    ...createStoreLog(log, clock),
    ...createRequestLog(log),
  };
  const background = createBackground(MAX_BACKGROUND, (error) =>
    log.error({ err: error }, 'Background work failed'),
  );
  const opened = openStore(config, clock, observer);
  const { store } = opened;
  const keys = createStoreKeys(config.namespace, hashKeyOf(config));
  const shared = {
    mode: config.mode,
    store,
    distant: opened.distant,
    keys,
    clock,
    background,
    observer,
    responses: store === null ? null : createResponseCache({ store, keys, clock, background, observer }),
    localWindows: createLocalWindows(),
    clientAddress: createClientAddress(config.trusted_proxies),
    development: env.NODE_ENV === 'development',
    severalAuthorities: hasSeveralAuthorities(config.services),
  };
  const wired = Object.entries(config.services).map(([name, service]) => wireService(name, service, shared));
  const gateway = createGateway({ services: wired.map(({ service }) => service), clock, observer });
  const release = async () => {
    await background.settle(config.store_timeout_ms);
    await Promise.all(wired.flatMap(({ service, authority }) => [service.close(), authority?.close()]));
    await store?.close();
  };
  return { gateway, opened, release };
}

/** Lets go of what is open already when a later part of the start fails. */
async function orRelease<T>(release: () => Promise<void>, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await release();
    throw error;
  }
}

async function readTls({ cert_file, key_file }: NonNullable<Config['tls']>) {
  try {
    const tls = { cert: await readFile(cert_file), key: await readFile(key_file) };
    createSecureContext(tls);
    return tls;
  } catch (error) {
    throw new CachegateError('ERR_CONFIG_INVALID', `tls: ${(error as Error).message}`, { cause: error });
  }
}
