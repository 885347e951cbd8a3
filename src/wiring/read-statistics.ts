import { systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { CachegateError } from '../errors.ts';
import { createStatistics } from '../statistics/create-statistics.ts';
import type { Stats } from '../statistics/stats.ts';
import { createStoreKeys } from '../store/keys.ts';
import { hashKeyOf } from './hash-key.ts';
import { openStore } from './open-store.ts';

/**
 * The shared statistics of all processes on the configured store, asked of the store itself: for gates without an admin
 * address, as a function is. Nothing is written; what the store's token may not ask is `null`.
 * @throws CachegateError `ERR_CONFIG_INVALID` where no other process could share the store, `ERR_STORE_*` when it is away
 */
export async function readStatistics(config: Config, env: NodeJS.ProcessEnv): Promise<Stats> {
  const clock = systemClock;
  const opened = await openStore(config, { clock, observer: {}, env, lasting: false, onlyReads: true });
  const { store } = opened;
  try {
    if (store === null || store.kind === 'memory') {
      const message = `--store: the store is ${opened.shownUrl}, which no other process shares: ask the server, without --store`;
      throw new CachegateError('ERR_CONFIG_INVALID', message);
    }
    await store.ping();
    const statistics = createStatistics({
      ...{ store, clock, storage: 'redis', lasting: false },
      keys: createStoreKeys(config.namespace, hashKeyOf(config)),
      services: () => Object.keys(config.services),
      sampleSize: config.statistics_sample_size,
      shownUrl: opened.shownUrl,
    });
    return (await statistics.getStatsAsync()) as Stats;
  } finally {
    await store?.close();
  }
}
