import type { Operations } from '../admin/operations.ts';
import { redactedConfig } from '../config/redacted-config.ts';
import type { Config } from '../config/schema.ts';
import type { Statistics } from '../statistics/stats.ts';
import type { Store } from '../store/store.ts';
import type { WarmJobs } from '../warm/warm-job.ts';
import type { LiveGateway } from './live-gateway.ts';
import { serviceSummaries } from './service-summaries.ts';
import { testCache } from './test-cache.ts';

export interface OperationParts {
  /** The configuration in force. */
  readonly config: () => Config;
  readonly live: LiveGateway;
  readonly statistics: Statistics;
  readonly warm: WarmJobs;
  readonly store: Store | null;
  readonly development: boolean;
}

/** What an operator can ask of this process. */
export function wireOperations(parts: OperationParts): Operations {
  const { config, live, statistics, warm, store, development } = parts;
  return {
    stats: () => statistics.getStatsAsync(),
    explain: (request) => live.current.explain(request),
    purge: (request) => live.current.purge(request),
    warm,
    services: () => serviceSummaries(config()),
    config: () => redactedConfig(config()),
    testCache: development ? () => testCache(store, config().namespace) : null,
  };
}
