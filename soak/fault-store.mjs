import { Redis } from 'iovalkey';
import { startStore } from './store.mjs';

/**
 * A store that may be treated badly.
 *
 * @typedef {object} FaultStore
 * @property {string} url by which the gate reaches it
 * @property {import('./store.mjs').Store} [server]
 * @property {import('../test/support/tcp-proxy.ts').TcpProxy} [proxy] between the gate and the server
 * @property {import('../test/support/valkey-cluster.ts').ValkeyCluster} [cluster]
 * @property {(...words: string[]) => Promise<unknown>} [command] sent to the server
 * @property {() => Promise<void>} end
 */

/** @type {Record<'server' | 'proxied' | 'cluster', (parts: any) => Promise<FaultStore>>} */
export const stores = {
  async server() {
    const server = await startStore();
    const client = new Redis(server.url, { retryStrategy: () => 100 });
    client.on('error', () => {});
    return {
      ...{ url: server.url, server },
      command: ([name, ...rest]) => client.call(name, ...rest),
      async end() {
        client.disconnect();
        await server.kill();
      },
    };
  },
  async proxied({ startTcpProxy }) {
    const store = await stores.server();
    const proxy = await startTcpProxy({ port: Number(new URL(store.url).port) });
    return {
      ...{ ...store, url: proxy.url, proxy },
      async end() {
        await proxy.close();
        await store.end();
      },
    };
  },
  async cluster({ startValkeyCluster }) {
    const cluster = await startValkeyCluster();
    return { url: cluster.url, cluster, end: cluster.stop };
  },
};
