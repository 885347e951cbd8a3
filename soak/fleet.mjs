import { startGate } from './gate.mjs';
import { startStore } from './store.mjs';
import { loadTypeScript } from './typescript.mjs';

export const GATES = 4;

const FILES = [
  'test/fleet/coherence.ts',
  'test/fleet/coherence-run.ts',
  'test/fleet/fleet-origin.ts',
  'test/fleet/fleet-settings.ts',
  'test/fleet/gate-client.ts',
  'test/model/random.ts',
  'test/support/tcp-proxy.ts',
];

/** What the tests of fleets have in common. */
export const loadFleetParts = () => loadTypeScript(FILES);

/**
 * Processes of the built `cachegate serve` on one Valkey.
 *
 * @typedef {object} Fleet
 * @property {import('./gate.mjs').Gate[]} gates
 * @property {string[]} urls
 * @property {import('../test/support/tcp-proxy.ts').TcpProxy[]} proxies between each gate and the store; empty without `proxied`
 * @property {import('./store.mjs').Store} store
 * @property {() => string[]} faults what no gate's log may say
 * @property {() => Promise<void>} end
 */

/**
 * @param {string} name of the gates' files
 * @param {any} parts of `loadFleetParts`
 * @param {import('../test/fleet/fleet-origin.ts').FleetOrigin} origin
 * @param {import('./run.mjs').Around} around
 * @param {{ proxied?: boolean, settings?: object }} [options]
 * @returns {Promise<Fleet>}
 */
export async function startFleet(name, parts, origin, around, { proxied = false, settings = {} } = {}) {
  const store = await startStore();
  const proxies = [];
  const gates = [];
  for (const [i, originUrl] of origin.urls.entries()) {
    if (proxied) proxies.push(await parts.startTcpProxy({ port: Number(new URL(store.url).port) }));
    const storeUrl = proxied ? proxies[i].url : store.url;
    gates.push(await startGate(`${name}-${i}`, parts.fleetSettings(storeUrl, originUrl, settings), around));
  }
  return {
    ...{ gates, proxies, store },
    urls: gates.map(({ url }) => url),
    faults: () => gates.flatMap((gate) => gate.faults()),
    async end() {
      await Promise.all(gates.map((gate) => gate.end()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await store.kill();
    },
  };
}
