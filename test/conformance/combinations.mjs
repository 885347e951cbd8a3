import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../bench/processes.mjs';
import { PROJECT } from '../../scripts/prepare.mjs';
import { findValkeyServer } from '../../scripts/valkey-server.mjs';
import { MODES } from './exceptions.mjs';

/**
 * @typedef {object} Combination
 * @property {string} name
 * @property {'gate' | 'shared' | 'private' | 'interceptor'} cache a gate; a client's own, the cached fetch of this type or
 *   undici's requests through the interceptor, shared
 * @property {'memory' | 'valkey'} store
 * @property {string} mode
 */

const ENTRY = join(PROJECT, 'dist', 'cli', 'main.js');
const CLIENT = join(import.meta.dirname, 'client.mjs');
const CLIENT_DEADLINE_MS = 300_000;
/** Several gates run at once, and the operator's address would be the same for all. */
// A busy machine may keep a store from answering in time, and what is then not stored is no matter of conformance.
const CONFIGURATION = 'admin_listen: "off"\nstore_timeout_ms: 5000\nservices:\n  default: {}\n';

/** @type {readonly Combination[]} To a private cache the modes are one: nothing that it holds is another's. */
export const combinations = [
  ...['memory', 'valkey'].flatMap((store) =>
    MODES.map((mode) => ({ name: `${store}-${mode}`, cache: /** @type {const} */ ('gate'), store, mode })),
  ),
  ...MODES.map((mode) => ({ name: `fetch-shared-${mode}`, cache: 'shared', store: 'memory', mode })),
  ...MODES.map((mode) => ({ name: `interceptor-${mode}`, cache: 'interceptor', store: 'memory', mode })),
  { name: 'fetch-private', cache: 'private', store: 'memory', mode: 'safe' },
];

/**
 * What a run asks.
 *
 * @param {Combination} combination
 * @returns {Promise<{ ask: (ids: readonly string[]) => Promise<import('./count.mjs').Results>, stop: () => Promise<void> }>}
 */
export async function startCache(combination, given) {
  const { cache, mode } = combination;
  const { children, origin } = given;
  // A client's own cache is in the process that asks, and ends with it.
  const gate = cache === 'gate' ? await startGate(combination, given) : { url: origin, stop: async () => {} };
  return { ask: (ids) => askAll({ cache, mode }, gate.url, ids, children), stop: gate.stop };
}

/** @returns {Promise<string>} the URL of the suite's origin, one for all runs: each case has its own path */
export async function startOrigin(children) {
  const program = join(import.meta.dirname, 'origin.mjs');
  const { found } = await children.start(process.execPath, [program], urlLine);
  return found;
}

function urlLine(line) {
  return line.startsWith('http://') ? line : undefined;
}

/**
 * A gate before the origin, on a store of its own.
 *
 * @param {Combination} combination
 */
async function startGate({ store, mode }, { children, origin, directory }) {
  const file = join(directory, 'gate.yaml');
  await writeFile(file, CONFIGURATION);
  const server = store === 'valkey' ? await startValkey(children, directory) : { url: 'memory:' };
  const args = ['serve', '--config', file, '--origin', `default=${origin}`, '--listen', '127.0.0.1:0'];
  const gate = await children.start(
    process.execPath,
    [ENTRY, ...args, '--store', server.url, '--mode', mode],
    listeningAt,
  );
  return {
    url: gate.found,
    stop: async () => {
      await gate.stop();
      await server.stop?.();
    },
  };
}

/** Reads the log, which is JSON where it isn't shown to a person. */
function listeningAt(line) {
  const { url, msg = '' } = line.startsWith('{') ? JSON.parse(line) : {};
  return msg.startsWith('Listening on') ? url : undefined;
}

async function startValkey(children, directory) {
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const ready = (line) => line.includes('Ready to accept connections') || undefined;
  const { stop } = await children.start(process.env.VALKEY_SERVER || findValkeyServer(), args, ready);
  return { url: `redis://127.0.0.1:${port}`, stop };
}

/**
 * @param {Pick<Combination, 'cache' | 'mode'>} how the client asks
 * @param {string} base the URL that is asked
 * @param {readonly string[]} ids of the cases, none for all
 * @returns {Promise<import('./count.mjs').Results>}
 */
export async function askAll({ cache, mode }, base, ids, children) {
  const results = (line) => (line.startsWith('{') ? JSON.parse(line) : undefined);
  const client = await children.start(
    process.execPath,
    [CLIENT, cache, mode, base, ...ids],
    results,
    CLIENT_DEADLINE_MS,
  );
  return client.found;
}
