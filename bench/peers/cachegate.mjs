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

/** @param {{ storedIn: 'memory' | 'Valkey', build?: string, label?: string }} options `build`: another build's folder */
export function cachegate({ storedIn, build = BUILT, label = 'cachegate' }) {
  const command = join(build, 'cli', 'main.js');
  return {
    name:
      storedIn === 'memory'
        ? 'cachegate, all in memory'
        : 'cachegate, all in Valkey, nothing kept in the process',
    usesStore: storedIn === 'Valkey',
    async start({ processes, upstreams, store, directory, port }) {
      if (!existsSync(command)) throw new Error(`There is no build in ${build}. Run: npm run build`);
      const file = join(directory, `${label}-${storedIn}.yaml`);
      const storeUrl = storedIn === 'memory' ? 'memory:' : store.url;
      await writeFile(file, stringify(configuration({ ...upstreams, storeUrl, port })));
      return processes.serve({
        name: `${label}-${storedIn}`,
        command: process.execPath,
        args: [command, 'serve', '--config', file],
        core: cores.server,
        port,
      });
    },
  };
}

/** Logging stays at its default level, and goes to a file. */
function configuration({ originUrl, authorityUrl, storeUrl, port }) {
  const rate = { limit: RATE_LIMIT, window_seconds: RATE_WINDOW_MS / 1000 };
  return {
    listen: `127.0.0.1:${port}`,
    admin_listen: 'off',
    store: storeUrl,
    namespace: 'bench',
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
