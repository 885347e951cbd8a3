import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { systemClock } from '../clock.ts';
import { withoutCode } from '../config/code-of-config.ts';
import { ConfigError } from '../config/fault.ts';
import type { LoadOptions } from '../config/load-config.ts';
import { reloadFaults } from '../config/reload-faults.ts';
import type { Config } from '../config/schema.ts';
import { type Log, setLoggingLevel } from '../observe/log.ts';
import { createReloadMetrics } from '../observe/reload-metrics.ts';
import { startPrimaryAdmin } from './primary-admin.ts';
import { receivedError } from './sent-error.ts';
import { workerConfig } from './worker-config.ts';
import { createWorkers } from './workers.ts';

export interface ServeOptions {
  readonly count: number;
  /** What the configuration was loaded from. */
  readonly source: Omit<LoadOptions, 'env'>;
  readonly stopped: Promise<void>;
  readonly log: Log;
  readonly reloads: Reloads;
}

/** What asks for another configuration to be taken on, from when it is given what can do that. */
export interface Reloads {
  /**
   * @param log told of what is refused
   * @param takeOn rejects where it can't be, or could not be loaded, with all as it was
   */
  use(log: Log, takeOn: (loading: Promise<Config>) => Promise<void>): void;
}

/**
 * Serves with several processes until `stopped`, then lets requests under way finish. This one, the primary, holds the
 * address, replaces workers that end, and has the admin side.
 * @throws CachegateError as `startServer` does, `ERR_SERVER_WORKER` when a worker ends while it starts
 */
export async function serveWithWorkers(config: Config, options: ServeOptions): Promise<void> {
  const folder = config.store === 'memory:' ? createTemporaryFolder() : null;
  try {
    await serve(config, folder?.path ?? null, options);
  } finally {
    folder?.remove();
  }
}

async function serve(config: Config, folder: string | null, options: ServeOptions) {
  const { count, source, stopped, log, reloads } = options;
  tellOfStore(config, folder, count, log);
  const assignmentOf = (whole: Config) => ({
    config: withoutCode(workerConfig(whole, count, folder), source.file),
    source,
  });
  // Beside what workers tell: what is refused here never comes to them.
  const registry = new Registry();
  const reloadMetrics = createReloadMetrics(registry, systemClock);
  const workers = createWorkers({
    count,
    assignment: assignmentOf(config),
    log,
    measured: () => registry.getMetricsAsJSON(),
    // The store's last calls and its end, each with its deadline, and a process's own end.
    graceMs: 2 * config.store_timeout_ms + 1_000,
  });
  let current = config;
  let isUp = false;
  const admin = await startPrimaryAdmin({ config: () => current, log, workers, count, isUp: () => isUp });
  async function takeOn(next: Config): Promise<void> {
    const faults = reloadFaults(current, next);
    if (faults.length > 0) throw new ConfigError(faults);
    for (const { worker, error } of await workers.reload(assignmentOf(next))) {
      log.error({ worker, err: receivedError(error) }, 'A worker goes on with its former configuration');
    }
    current = next;
    setLoggingLevel(log, next.logging_level);
    log.info({ services: Object.keys(next.services) }, 'Reloaded the configuration');
  }

  try {
    const url = await workers.start();
    isUp = true;
    const started = {
      url,
      admin: admin?.url ?? null,
      workers: count,
      services: Object.keys(config.services),
    };
    log.info(started, `Listening on ${url}`);
    reloads.use(log, (loading) => reloadMetrics.watch(loading.then(takeOn)));
    await Promise.race([stopped, workers.lost]);
    isUp = false;
    log.info('Stopping: requests under way may finish');
    const finished = await workers.stop(current.shutdown_timeout_ms);
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
