import { Redis } from 'iovalkey';
import { freePort } from './processes.mjs';
import { cores, storeCommand } from './tools.mjs';

/**
 * @typedef {object} StoreServer
 * @property {number} port
 * @property {string} url
 * @property {() => Promise<number>} commands served so far, without those that asked for this
 * @property {() => void} close
 */

/**
 * The Valkey (or Redis) server that the rows share, empty at the start, keeping nothing on disk.
 *
 * @returns {Promise<StoreServer>}
 */
export async function startStoreServer(processes, directory) {
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  await processes.serve({ name: 'store', command: storeCommand(), args, core: cores.load, port });
  const client = new Redis(port, '127.0.0.1', { commandTimeout: 5_000 });
  let own = 0;
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    commands: async () => {
      const info = await client.info('stats');
      own += 1;
      return Number(/^total_commands_processed:(\d+)/m.exec(info)[1]) - own;
    },
    close: () => client.disconnect(),
  };
}
