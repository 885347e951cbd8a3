import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../bench/processes.mjs';
import { cores } from '../bench/tools.mjs';

const PROGRAM = fileURLToPath(new URL('session-app.mjs', import.meta.url));

/**
 * An application with sessions of its own, as a process.
 *
 * @param {string} name
 * @param {{ store: string, nearCache: string, more?: object }} options `more` of `createCachegate`
 * @param {import('./run.mjs').Around} around
 */
export async function startSessionApp(name, { store, nearCache, more }, { directory, processes }) {
  const port = await freePort();
  const options = { store, ...(nearCache === 'off' && { near_cache: 'off' }), ...more };
  const { pid, end } = await processes.serve({
    name,
    command: process.execPath,
    args: [PROGRAM, String(port), JSON.stringify(options)],
    core: cores.server,
    port,
  });
  const log = () => readFileSync(join(directory, `${name}.log`), 'utf8');
  const faults = () =>
    /unhandled|uncaught|leak detected/i.test(log()) ? ['the log speaks of an unhandled error or a leak'] : [];
  return { url: `http://127.0.0.1:${port}`, pid, log, faults, end };
}
