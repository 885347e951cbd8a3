import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';
import { createStatistics, NO_STATISTICS, type ObservedStatistics } from '../statistics/create-statistics.ts';
import type { StoreKeys } from '../store/keys.ts';
import { storeFailure } from '../store/reading.ts';
import type { OpenStore } from './open-store.ts';

export type StatisticsConfig = Pick<
  Config,
  'statistics_enabled' | 'statistics_storage' | 'statistics_sample_size'
>;

export interface StatisticsParts {
  readonly opened: OpenStore;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly services: () => readonly string[];
  readonly log: Log;
  /** As `OpenPartsOptions.lasting`. */
  readonly lasting: boolean;
}

export function wireStatistics(
  config: StatisticsConfig,
  { opened, log, ...parts }: StatisticsParts,
): ObservedStatistics {
  if (!config.statistics_enabled) return NO_STATISTICS;
  return createStatistics({
    ...parts,
    store: opened.store,
    storage: config.statistics_storage,
    sampleSize: config.statistics_sample_size,
    shownUrl: opened.shownUrl,
    onFailure(error) {
      const { code, message } = storeFailure(error);
      log.warn({ errorType: code }, `Statistics are incomplete for now: ${message}`);
    },
  });
}
