import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePort } from '../bench/processes.mjs';
import { cores } from '../bench/tools.mjs';

const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/**
 * @typedef {object} Gate
 * @property {string} url
 * @property {number} pid
 * @property {() => string} log
 * @property {() => string[]} faults what no gate's log may say
 * @property {() => Promise<void>} end
 */

/**
 * The built `cachegate serve`, alone on the server's core.
 *
 * @param {string} name of the gate's files
 * @param {object} settings of its configuration file, without addresses
 * @param {import('./run.mjs').Around} around
 * @param {string[]} nodeArgs
 * @returns {Promise<Gate>}
 */
export async function startGate(name, settings, { directory, processes }, nodeArgs = []) {
  const port = await freePort();
  const file = join(directory, `${name}.yaml`);
  await writeFile(file, stringify({ listen: `127.0.0.1:${port}`, admin_listen: 'off', ...settings }));
  const { pid, end } = await processes.serve({
    name: `cachegate-${name}`,
    command: process.execPath,
    args: [...nodeArgs, COMMAND, 'serve', '--config', file],
    core: cores.server,
    port,
  });
  const log = () => readFileSync(join(directory, `cachegate-${name}.log`), 'utf8');
  const faults = () =>
    /unhandled|uncaught|leak detected/i.test(log()) ? ['the log speaks of an unhandled error or a leak'] : [];
  return { url: `http://127.0.0.1:${port}`, pid, log, faults, end };
}

/** Settings of a plain proxy, with what a case changes of its one service. */
export function proxySettings(originUrl, storeUrl, service = {}) {
  return { store: storeUrl, services: { default: { origin: originUrl, ...service } } };
}
