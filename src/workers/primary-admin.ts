import { type AdminServer, type StoreStatus, startAdminServer } from '../admin/admin-server.ts';
import type { Operations } from '../admin/operations.ts';
import type { AdminSessions } from '../admin/session-routes.ts';
import { systemClock } from '../clock.ts';
import { redactedConfig } from '../config/redacted-config.ts';
import type { Config } from '../config/schema.ts';
import { createAdminLog } from '../observe/admin-log.ts';
import type { Log } from '../observe/log.ts';
import { mergedStats } from '../statistics/merged-stats.ts';
import type { Stats, StatsOff } from '../statistics/stats.ts';
import { serviceSummaries } from '../wiring/service-summaries.ts';
import type { WorkerReport } from './messages.ts';
import { createRelay, type WorkerCalls } from './worker-calls.ts';
import type { Workers } from './workers.ts';

// The worst first.
const STORE_STATES = ['away', 'unwritable', 'available', 'none'] as const;

export interface PrimaryAdminOptions {
  readonly log: Log;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly workers: Workers;
  readonly count: number;
  readonly isUp: () => boolean;
}

/** The admin side of the primary, which asks its workers; `null` where it is off. */
export async function startPrimaryAdmin({
  config,
  log,
  workers,
  count,
  isUp,
}: PrimaryAdminOptions): Promise<AdminServer | null> {
  const { admin_listen: address, metrics } = config();
  if (address === 'off') return null;
  const relay = createRelay(workers.ask);
  return startAdminServer(address, {
    // One that is being replaced is no reason to take the others' work away.
    isReady: () => isUp() && workers.ready() > 0,
    storeStatus: async () => storeStatusOf(await workers.reports()),
    workers: () => ({ ready: workers.ready(), configured: count }),
    sessions: sessionsOf(config(), workers, relay),
    operations: operationsOf(config, workers, relay),
    token: config().admin_token ?? null,
    ...createAdminLog(log, systemClock),
    ...(metrics && { metrics: workers.metrics }),
  });
}

// Longer than a store that is away keeps a worker; one that hangs is left out.
const STATS_DEADLINE_MS = 8_000;

/** What one of the workers answers stands for all, since they share the store; only what each has counted is added up. */
function operationsOf(config: () => Config, workers: Workers, relay: WorkerCalls): Operations {
  return {
    async stats() {
      const answers = await workers.askAll({ name: 'stats', args: [] }, STATS_DEADLINE_MS);
      return mergedStats(answers.flatMap((answer) => (answer.ok ? [answer.value as Stats | StatsOff] : [])));
    },
    explain: relay.explain,
    purge: relay.purge,
    warm: {
      start: relay.startWarm,
      report: relay.warmReport,
      list: relay.warmJobs,
      cancel: relay.cancelWarm,
    },
    services: () => serviceSummaries(config()),
    config: () => redactedConfig(config()),
    testCache: process.env.NODE_ENV === 'development' ? relay.testCache : null,
  };
}

/** Own sessions as one of the workers has them, and how they stand in all. */
function sessionsOf({ sessions }: Config, workers: Workers, relay: WorkerCalls): AdminSessions | null {
  if (sessions === undefined) return null;
  return {
    list: relay.listSessions,
    end: relay.endSession,
    endAll: relay.endSessions,
    async status() {
      const all = (await workers.reports()).flatMap((report) => report.sessions ?? []);
      return {
        mode: sessions.mode,
        degraded: all.some(({ degraded }) => degraded),
        kept: all.reduce((sum, { kept }) => sum + kept, 0),
      };
    },
  };
}

/** What is worst for one of them; before any has told, nobody has reached the store. */
function storeStatusOf(reports: readonly WorkerReport[]): StoreStatus {
  const stores = reports.map(({ store }) => store);
  const found = STORE_STATES.map((state) => stores.find((store) => store.state === state)).find(Boolean);
  return found ?? { type: 'unknown', state: 'away' };
}
