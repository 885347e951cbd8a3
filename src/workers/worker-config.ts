import type { Config } from '../config/schema.ts';

// The smallest map that the schema allows.
const MIN_DISK_MIB = 16;

/**
 * What each of several workers is given of the server's settings: its share of the memory; no admin side, which is the
 * primary's; and for `memory:`, which only one process has, an lmdb in `folder` in its place,
 * with all of the memory's size.
 */
export function workerConfig(config: Config, count: number, folder: string | null): Config {
  const shared: Config = {
    ...config,
    workers: 1,
    admin_listen: 'off',
    memory_limit_mib: Math.max(1, Math.floor(config.memory_limit_mib / count)),
  };
  if (folder === null) return shared;
  return {
    ...shared,
    store: `lmdb:${folder}`,
    disk_limit_mib: Math.max(MIN_DISK_MIB, config.memory_limit_mib),
  };
}
