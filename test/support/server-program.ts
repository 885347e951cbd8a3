import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * What serves: `any`: Valkey where there is one, else Redis; `redis`: Redis where there is one, else Valkey (`npm test`
 * gets both where the system's packages have both).
 */
export type ServerKind = 'any' | 'redis';

const NAMES = { any: ['valkey-server', 'redis-server'], redis: ['redis-server', 'valkey-server'] };
const NAMED_IN = { any: ['VALKEY_SERVER'], redis: ['REDIS_SERVER', 'VALKEY_SERVER'] };

/** The path of a server program. @throws Error that names what to install, when there is none. */
export function findServerProgram(kind: ServerKind = 'any'): string {
  const named = NAMED_IN[kind].map((variable) => process.env[variable]).find(Boolean);
  if (named !== undefined) return named;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
  for (const name of NAMES[kind]) {
    const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
  }
  throw new Error(
    'No valkey-server or redis-server on the PATH: install the package "valkey" or "redis" of your system ' +
      '(Debian: valkey-server or redis-server), or name the program in VALKEY_SERVER',
  );
}
