import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { Registry } from 'prom-client';
import { createNodeListener } from './adapters/node.ts';
import { startNodeServer } from './adapters/node-server.ts';
import { type StoreStatus, startAdminServer } from './admin/admin-server.ts';
import type { AdminSessions } from './admin/session-routes.ts';
import type { Config } from './config/schema.ts';
import { CachegateError } from './errors.ts';
import { createGateway } from './gateway/gateway.ts';
import { createLog, type Log } from './observe/log.ts';
import { metricsText } from './observe/metrics-text.ts';
import { createSessionMetrics } from './observe/session-metrics.ts';
import type { PurgeRequest, PurgeResult } from './purge/purge-request.ts';
import { hashKeyOf } from './wiring/hash-key.ts';
import { type OpenParts, openParts } from './wiring/open-parts.ts';
import { greetStore, type ValkeyClient } from './wiring/open-store.ts';
import { hasSeveralAuthorities } from './wiring/session-settings.ts';
import { wirePurge } from './wiring/wire-purge.ts';
import { wireService } from './wiring/wire-service.ts';
import { type OwnSessions, wireSessions } from './wiring/wire-sessions.ts';

export type { ValkeyClient } from './wiring/open-store.ts';

export interface StartOptions {
  /** `NODE_ENV` is read: `development` lets the `development_origins` in. */
  readonly env: NodeJS.ProcessEnv;
  /** The application's own log; by default one on standard output. */
  readonly log?: Log;
  /**
   * The application's own client of ioredis or iovalkey (one server, Sentinel or a Cluster), instead of one made of the
   * store's URL, which says the same place. It is left connected at the end.
   */
  readonly valkeyClient?: ValkeyClient;
  /** Whether start and stop are logged; by default they are. Who starts several processes tells of them together. */
  readonly announced?: boolean;
}

export interface RunningServer {
  readonly url: string;
  /** `null` where the admin side is off. */
  readonly adminUrl: string | null;
  /** How the store stands now. */
  storeStatus(): StoreStatus;
  /** What applications' own sessions can be listed and ended by; `null` where none are configured. */
  readonly sessions: AdminSessions | null;
  /** What has been measured, as prom-client has it in JSON; empty where metrics are off. */
  metrics(): Promise<readonly object[]>;
  /**
   * Purges stored responses for every process that shares the store.
   * @throws CachegateError as `Purger.purge` does
   */
  purge(request: PurgeRequest): Promise<PurgeResult>;
  /**
   * Stops accepting, lets what is under way finish (for `deadlineMs` at most), then lets go of the store.
   * Answers whether all finished.
   */
  close(deadlineMs?: number): Promise<boolean>;
}

/**
 * Starts the configured server: gateway, admin side, store.
 * @throws CachegateError `ERR_SERVER_LISTEN` when an address can't be listened on, `ERR_CONFIG_INVALID` for a
 * certificate or key that can't be used
 */
export async function startServer(config: Config, options: StartOptions): Promise<RunningServer> {
  const log = options.log ?? createLog({ level: config.logging_level });
  const { gateway, opened, purge, sessions, registry, release } = await assemble(config, options, log);
  const { store } = opened;
  const announce = (text: string, fields: object = {}) => {
    if (options.announced ?? true) log.info(fields, text);
  };
  const storeStatus = () => ({ type: store?.kind ?? 'none', state: opened.state() });
  const metrics = registry && (() => metricsText(registry));

  let ready = false;
  const admin = await orRelease(release, async () =>
    config.admin_listen === 'off'
      ? null
      : startAdminServer(config.admin_listen, {
          isReady: () => ready,
          storeStatus,
          sessions,
          ...(metrics && { metrics }),
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
  if (config.sessions?.mode === 'store' && store?.kind === 'memory') log.warn(NO_SESSIONS_HERE);
  ready = true;
  announce(`Listening on ${server.url}`, { url: server.url, services: Object.keys(config.services) });

  async function stop(deadlineMs: number): Promise<boolean> {
    ready = false;
    announce('Stopping: requests under way may finish');
    const finished = await server.close(deadlineMs);
    await admin?.close();
    await release();
    if (store !== null) announce(`Closed the store at ${opened.shownUrl}`);
    announce(finished ? 'Stopped' : 'Stopped; some requests were cut off at the deadline');
    return finished;
  }
  let stopping: Promise<boolean> | null = null;

  return {
    url: server.url,
    adminUrl: admin?.url ?? null,
    storeStatus,
    sessions,
    metrics: async () => (await registry?.getMetricsAsJSON()) ?? [],
    purge,
    close(deadlineMs = config.shutdown_timeout_ms) {
      stopping ??= stop(deadlineMs);
      return stopping;
    },
  };
}

const NO_SESSIONS_HERE =
  "Sessions are looked for in this process's memory, where no application keeps any: set the applications' own store";

/** Makes the parts of their configuration; `release` lets go of them, what is under way behind answers first. */
async function assemble(config: Config, { env, valkeyClient }: StartOptions, log: Log) {
  const parts = await openParts(config, { env, log, valkeyClient, hashKey: hashKeyOf(config) });
  const { store } = parts.opened;
  return orRelease(
    async () => store?.close(),
    async () => assembleOn(config, env, parts),
  );
}

async function assembleOn(config: Config, env: NodeJS.ProcessEnv, parts: OpenParts) {
  const { clock, background, observer, opened } = parts;
  const { store } = opened;
  const registry = config.metrics ? new Registry() : null;
  const own = ownParts(config, parts, registry);
  const shared = {
    ...parts,
    mode: config.mode,
    store,
    distant: opened.distant,
    settles: opened.settles,
    development: env.NODE_ENV === 'development',
    severalAuthorities: hasSeveralAuthorities(config.services),
    own,
  };
  const wired = Object.entries(config.services).map(([name, service]) => wireService(name, service, shared));
  const services = wired.map(({ service }) => service);
  const { purge, endpoint } = wirePurge(config, { ...parts, services, store });
  const gateway = createGateway({ services, clock, observer, purge: endpoint });
  const release = async () => {
    await background.settle(config.store_timeout_ms);
    await Promise.all(wired.flatMap(({ limiters }) => limiters.map((limiter) => limiter.settle())));
    await own?.close();
    await Promise.all(wired.flatMap(({ service, authority }) => [service.close(), authority?.close()]));
    await store?.close();
  };
  return { gateway, opened, purge, sessions: own, registry, release };
}

/** `null`: the server has nothing to do with applications' sessions. */
function ownParts(
  { sessions: config, namespace }: Config,
  parts: OpenParts,
  registry: Registry | null,
): OwnSessions | null {
  const { store } = parts.opened;
  if (config === undefined || store === null) return null;
  const { observer: told } = parts;
  const observer = registry === null ? told : createSessionMetrics(registry, told, config.mode === 'jwt');
  return wireSessions(config, { ...parts, store, namespace, observer });
}

/** Lets go of what is open already when a later part of the start fails. */
async function orRelease<T>(release: () => Promise<unknown>, start: () => Promise<T>): Promise<T> {
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
