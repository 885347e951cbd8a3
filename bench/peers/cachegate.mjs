import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { cores } from '../tools.mjs';
import {
  ALLOWED_ORIGIN,
  RATE_LIMIT,
  RATE_WINDOW_MS,
  SERVICE_PATH,
  SESSION_COOKIE,
  SESSION_HEADER,
  TTL_SECONDS,
} from '../workload.mjs';

const BUILT = fileURLToPath(new URL('../../dist', import.meta.url));

/** What each place is called in the table, and whether a warm request asks the store's server. */
const PLACES = {
  memory: { name: 'all in memory', usesStore: false },
  lmdb: { name: 'all in lmdb', usesStore: false },
  Valkey: { name: 'all in Valkey, with the near cache', usesStore: false },
  'Valkey alone': { name: 'all in Valkey, nothing kept in the process', usesStore: true },
};

/**
 * @param {object} options
 * @param {keyof typeof PLACES} options.storedIn
 * @param {number} [options.workers] processes that listen together
 * @param {string | number} [options.core] where it may run
 * @param {string} [options.build] another build's folder
 * @param {string} [options.label]
 * @param {boolean} [options.plain] with no key in the file that older builds don't know
 * @param {boolean} [options.silent] without statistics, metrics and summaries
 */
export function cachegate({
  storedIn,
  workers = 1,
  core = cores.server,
  build = BUILT,
  label = 'cachegate',
  plain = false,
  silent = false,
}) {
  const command = join(build, 'cli', 'main.js');
  const { name, usesStore } = PLACES[storedIn];
  const id = `${label}-${storedIn.replace(' ', '-')}-${workers}-on-${String(core).replace(',', '-')}`;
  const shown = `${workers > 1 ? `, ${workers} workers` : ''}${core === cores.both ? ', on both cores' : ''}`;
  return {
    name: `cachegate, ${name}${shown}`,
    usesStore,
    async start({ processes, upstreams, store, directory, port }) {
      if (!existsSync(command)) throw new Error(`There is no build in ${build}. Run: npm run build`);
      const file = join(directory, `${id}.yaml`);
      const storeUrl = { memory: 'memory:', lmdb: `lmdb:${join(directory, id)}` }[storedIn] ?? store.url;
      const settings = configuration({ ...upstreams, storeUrl, port, namespace: `bench-${id}` });
      const more = plain ? {} : { workers, ...(storedIn === 'Valkey alone' && { near_cache: 'off' }) };
      await writeFile(file, stringify({ ...settings, ...more, ...(silent && SILENT) }));
      return processes.serve({
        name: id,
        command: process.execPath,
        args: [command, 'serve', '--config', file],
        core,
        port,
      });
    },
  };
}

const SILENT = { statistics_enabled: false, metrics: false, logging_level: 'minimal' };

/** Logging stays at its default level, and goes to a file. */
function configuration({ originUrl, authorityUrl, storeUrl, port, namespace }) {
  const rate = { limit: RATE_LIMIT, window_seconds: RATE_WINDOW_MS / 1000 };
  return {
    listen: `127.0.0.1:${port}`,
    admin_listen: 'off',
    store: storeUrl,
    namespace,
    services: {
      records: {
        path: SERVICE_PATH,
        origin: originUrl,
        cors: { origins: [ALLOWED_ORIGIN] },
        session: {
          authority: 'http',
          url: authorityUrl,
          cookie: SESSION_COOKIE,
          header: SESSION_HEADER,
          cache_ttl_seconds: TTL_SECONDS,
        },
        rate_limit: { session: rate, address: 'off' }, // as in the other servers: by session alone
      },
    },
  };
}
