import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminServer, type StoreStatus, startAdminServer } from '../admin/admin-server.ts';
import type { AdminSessions } from '../admin/session-routes.ts';
import { withoutCode } from '../config/code-of-config.ts';
import type { LoadOptions } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { createLog, type Log } from '../observe/log.ts';
import { aggregatedMetricsText } from '../observe/metrics-text.ts';
import type { WorkerReport } from './messages.ts';
import { createRelayedSessions } from './session-calls.ts';
import { workerConfig } from './worker-config.ts';
import { createWorkers, type Workers } from './workers.ts';

export interface ServeOptions {
  readonly count: number;
  /** What the configuration was loaded from. */
  readonly source: Omit<LoadOptions, 'env'>;
  readonly stopped: Promise<void>;
}

/**
 * Serves with several processes until `stopped`, then lets requests under way finish. This one, the primary, holds the
 * address, replaces workers that end, and has the admin side.
 * @throws CachegateError as `startServer` does, `ERR_SERVER_WORKER` when a worker ends while it starts
 */
export async function serveWithWorkers(config: Config, options: ServeOptions): Promise<void> {
  const log = createLog({ level: config.logging_level });
  const folder = config.store === 'memory:' ? createTemporaryFolder() : null;
  try {
    await serve(config, folder?.path ?? null, log, options);
  } finally {
    folder?.remove();
  }
}

async function serve(
  config: Config,
  folder: string | null,
  log: Log,
  { count, source, stopped }: ServeOptions,
) {
  tellOfStore(config, folder, count, log);
  const shared = withoutCode(workerConfig(config, count, folder), source.file);
  const workers = createWorkers({
    count,
    assignment: { config: shared, source },
    log,
    // The store's last calls and its end, each with its deadline, and a process's own end.
    graceMs: 2 * config.store_timeout_ms + 1_000,
  });
  let isUp = false;
  const admin = await startAdmin(config, workers, count, () => isUp);
  try {
    const url = await workers.start();
    isUp = true;
    log.info({ url, workers: count, services: Object.keys(config.services) }, `Listening on ${url}`);
    await Promise.race([stopped, workers.lost]);
    isUp = false;
    log.info('Stopping: requests under way may finish');
    const finished = await workers.stop(config.shutdown_timeout_ms);
    log.info(finished ? 'Stopped' : 'Stopped; some requests were cut off at the deadline');
  } catch (error) {
    await workers.stop(0);
    throw error;
  } finally {
    await admin?.close();
  }
}

function tellOfStore(config: Config, folder: string | null, count: number, log: Log): void {
  if (folder !== null) {
    log.info({ store: 'lmdb', folder }, `The workers share the store in ${folder}, removed at the stop`);
  }
  if (config.store === 'none:') {
    log.warn(`Without a store each worker counts rate limits alone: up to ${count} times as much is let in`);
  }
}

// The worst first.
const STORE_STATES = ['away', 'unwritable', 'available', 'none'] as const;

async function startAdmin(
  config: Config,
  workers: Workers,
  count: number,
  isUp: () => boolean,
): Promise<AdminServer | null> {
  if (config.admin_listen === 'off') return null;
  return startAdminServer(config.admin_listen, {
    // One that is being replaced is no reason to take the others' work away.
    isReady: () => isUp() && workers.ready() > 0,
    storeStatus: async () => storeStatusOf(await workers.reports()),
    workers: () => ({ ready: workers.ready(), configured: count }),
    sessions: sessionsOf(config, workers),
    ...(config.metrics && {
      metrics: async () => aggregatedMetricsText((await workers.reports()).map(({ metrics }) => metrics)),
    }),
  });
}

function sessionsOf({ sessions }: Config, workers: Workers): AdminSessions | null {
  if (sessions === undefined) return null;
  return createRelayedSessions({
    ask: workers.askSessions,
    states: async () => (await workers.reports()).flatMap((report) => report.sessions ?? []),
    mode: sessions.mode,
  });
}

/** What is worst for one of them; before any has told, nobody has reached the store. */
function storeStatusOf(reports: readonly WorkerReport[]): StoreStatus {
  const stores = reports.map(({ store }) => store);
  const found = STORE_STATES.map((state) => stores.find((store) => store.state === state)).find(Boolean);
  return found ?? { type: 'unknown', state: 'away' };
}

/** A folder for as long as this process lives. */
function createTemporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'cachegate-'));
  const remove = () => {
    process.removeListener('exit', remove);
    rmSync(path, { recursive: true, force: true });
  };
  // A second stop signal ends the process at once.
  process.on('exit', remove);
  return { path, remove };
}
