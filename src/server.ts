import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { createNodeListener } from './adapters/node.ts';
import { startNodeServer } from './adapters/node-server.ts';
import { type StoreStatus, startAdminServer } from './admin/admin-server.ts';
import type { Operations } from './admin/operations.ts';
import type { AdminSessions } from './admin/session-routes.ts';
import { systemClock } from './clock.ts';
import { ConfigError } from './config/fault.ts';
import { reloadFaults } from './config/reload-faults.ts';
import type { Config } from './config/schema.ts';
import { CachegateError } from './errors.ts';
import { undiciOutbound } from './gateway/undici-outbound.ts';
import { createAdminLog } from './observe/admin-log.ts';
import { createLog, type Log, logThrough } from './observe/log.ts';
import { metricsText } from './observe/metrics-text.ts';
import type { PurgeRequest, PurgeResult } from './purge/purge-request.ts';
import { hashKeyOf } from './wiring/hash-key.ts';
import { createLiveGateway } from './wiring/live-gateway.ts';
import { type OpenParts, openParts } from './wiring/open-parts.ts';
import { greetStore, type ValkeyClient } from './wiring/open-store.ts';
import { type OperatedGateway, wireOperated } from './wiring/wire-operated.ts';
import { wireOperations } from './wiring/wire-operations.ts';
import { type OwnSessions, wireSessions } from './wiring/wire-sessions.ts';
import { wireWarm } from './wiring/wire-warm.ts';

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
  /** What an operator can ask of it. */
  readonly operations: Operations;
  /** What has been measured, as prom-client has it in JSON; empty where metrics are off. */
  metrics(): Promise<readonly object[]>;
  /**
   * Purges stored responses for every process that shares the store.
   * @throws CachegateError as `Purger.purge` does
   */
  purge(request: PurgeRequest): Promise<PurgeResult>;
  /**
   * Takes on another configuration for all requests from now on; those under way go on as they began.
   * @param next one that is still being loaded may be given as its promise, so that its faults are measured as a reload's
   * @throws ConfigError (`ERR_CONFIG_INVALID`) naming what only a restart can bring, or a certificate that can't be used;
   * all is as it was then
   */
  reload(next: Config | Promise<Config>): Promise<void>;
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
  const log =
    options.log === undefined ? createLog({ level: config.logging_level }) : logThrough(options.log);
  const assembled = await assemble(config, options, log);
  const { parts, live, operations, registry, reloads, release } = assembled;
  const { opened, own: sessions } = parts;
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
          operations,
          token: config.admin_token ?? null,
          ...createAdminLog(log, parts.clock),
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
        listener: createNodeListener(live, (error) =>
          log.error({ err: error }, 'An answer could not be sent'),
        ),
        upgrades: Object.values(config.services).flatMap(({ upgrade }) => (upgrade === 'off' ? [] : upgrade)),
      }),
  );
  await greetStore(opened, log);
  if (config.sessions?.mode === 'store' && store?.kind === 'memory') log.warn(NO_SESSIONS_HERE);
  ready = true;
  announce(`Listening on ${server.url}`, {
    url: server.url,
    admin: admin?.url ?? null,
    services: Object.keys(config.services),
  });

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
  let reloading: Promise<unknown> = Promise.resolve();

  async function takeOn(next: Config): Promise<void> {
    const faults = reloadFaults(assembled.config(), next);
    if (faults.length > 0) throw new ConfigError(faults);
    const tls = next.tls === undefined ? null : await readTls(next.tls);
    const wired = await assembled.wire(next);
    if (stopping !== null) {
      // What follows now, nobody would let go of.
      await wired.close();
      throw new CachegateError('ERR_SERVER_WORKER', 'The server is stopping');
    }
    assembled.follow(next, wired);
    if (tls !== null) server.renewTls(tls);
    announce('Reloaded the configuration', { services: Object.keys(next.services) });
  }

  return {
    url: server.url,
    adminUrl: admin?.url ?? null,
    storeStatus,
    sessions,
    operations,
    metrics: async () => (await registry?.getMetricsAsJSON()) ?? [],
    purge: (request) => live.current.purge(request),
    reload(next) {
      const loading = Promise.resolve(next);
      // Told of when its turn has come.
      loading.catch(() => {});
      // In their order, so that the last that was asked for is in force.
      const taking = reloading.then(async () => takeOn(await loading));
      const taken = reloads === null ? taking : reloads.watch(taking);
      reloading = taken.catch(() => {});
      return taken;
    },
    close(deadlineMs = assembled.config().shutdown_timeout_ms) {
      stopping ??= stop(deadlineMs);
      return stopping;
    },
  };
}

const NO_SESSIONS_HERE =
  "Sessions are looked for in this process's memory, where no application keeps any: set the applications' own store";

/** Makes the parts of their configuration; `release` lets go of them, what is under way behind answers first. */
async function assemble(config: Config, { env, valkeyClient }: StartOptions, log: Log) {
  let current = config;
  // Loaded only where it is used.
  const registry = config.metrics
    ? (await import('./wiring/server-registry.ts')).createServerRegistry()
    : null;
  const reloads =
    registry && (await import('./observe/reload-metrics.ts')).createReloadMetrics(registry, systemClock);
  const opened = await openParts(config, {
    ...{ env, log, valkeyClient, registry },
    hashKey: hashKeyOf(config),
    services: () => Object.keys(current.services),
    routeOf: (service) => current.services[service]?.path,
    sessions: config.sessions?.mode ?? null,
  });
  const { store } = opened.opened;
  return orRelease(
    async () => store?.close(),
    async () => {
      const own = ownParts(config, opened);
      const development = env.NODE_ENV === 'development';
      const parts = { ...opened, own, development, outbound: undiciOutbound };
      const wire = (next: Config) => wireOperated(next, parts);
      const live = createLiveGateway(await wire(config));
      const warm = wireWarm(config, parts, live);
      const operations = wireOperations({ ...parts, config: () => current, live, warm, store });
      const release = async () => {
        await warm.close();
        await parts.background.settle(config.store_timeout_ms);
        await live.close();
        await own?.close();
        await parts.statistics.close();
        await store?.close();
      };
      const follow = (next: Config, wired: OperatedGateway) => {
        live.follow(wired);
        current = next;
        parts.relog(next);
      };
      return { parts, operations, registry, reloads, config: () => current, wire, follow, live, release };
    },
  );
}

/** `null`: the server has nothing to do with applications' sessions. */
function ownParts({ sessions: config, namespace }: Config, parts: OpenParts): OwnSessions | null {
  const { store } = parts.opened;
  if (config === undefined || store === null) return null;
  return wireSessions(config, { ...parts, store, namespace });
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
