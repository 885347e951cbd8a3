import type { Config } from '../config/schema.ts';
import { CachegateError } from '../errors.ts';
import { createWarmJobs } from '../warm/create-warm-jobs.ts';
import type { WarmJobs } from '../warm/warm-job.ts';
import type { LiveGateway } from './live-gateway.ts';
import type { OpenParts } from './open-parts.ts';

/** Jobs that fetch ahead through the gateway in force. Without a store there is nothing to fetch into. */
export function wireWarm(
  { warm }: Pick<Config, 'warm'>,
  { opened, keys, clock, observer, statistics }: OpenParts,
  live: LiveGateway,
): WarmJobs & { close(): Promise<void> } {
  const { store } = opened;
  if (store === null) return WITHOUT_STORE;
  return createWarmJobs({
    ...{ store, keys, clock, observer },
    template: warm.template ?? null,
    concurrency: warm.concurrency,
    warmOne: live.warmOne,
    hottest: async (limit) => (await statistics.hottest(limit)).map(({ target }) => target),
  });
}

const WITHOUT_STORE: WarmJobs & { close(): Promise<void> } = {
  async start() {
    throw new CachegateError('ERR_WARM_INVALID', 'No store is configured: there is nothing to fetch into');
  },
  report: async () => null,
  list: async () => [],
  cancel: async () => null,
  async close() {},
};
