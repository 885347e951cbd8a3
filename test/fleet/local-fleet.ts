import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLog } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';
import { fleetSettings } from './fleet-settings.ts';

/** Several gates on one Valkey, all in this process, each with a link of its own that can be broken. */
export interface LocalFleet {
  readonly urls: readonly string[];
  readonly servers: readonly RunningServer[];
  readonly proxies: readonly TcpProxy[];
  readonly valkey: ValkeyServer;
  close(): Promise<void>;
}

/**
 * @param originUrls one for each gate
 * @param settings of the configuration file, beside addresses
 */
export async function startLocalFleet(
  originUrls: readonly string[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<LocalFleet> {
  const dir = await mkdtemp(join(tmpdir(), 'cachegate-fleet-'));
  const valkey = await startValkeyServer();
  const proxies: TcpProxy[] = [];
  const servers: RunningServer[] = [];
  for (const [i, origin] of originUrls.entries()) {
    const proxy = await startTcpProxy(valkey);
    proxies.push(proxy);
    servers.push(await startOne(join(dir, `${i}.yaml`), fleetSettings(proxy.url, origin, settings)));
  }
  return {
    urls: servers.map(({ url }) => url),
    ...{ servers, proxies, valkey },
    async close() {
      await Promise.all(servers.map((server) => server.close(1_000)));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await valkey.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startOne(file: string, settings: object): Promise<RunningServer> {
  await writeFile(file, stringify({ listen: '127.0.0.1:0', ...settings }));
  const config = await loadConfig({ file, cwd: '/', env: {}, overrides: {} });
  const log = createLog({ level: 'minimal', destination: { write: () => {} } });
  return startServer(config, { env: {}, log });
}
