import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Config } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server.ts';

export interface RunningProxy {
  readonly url: string;
  readonly server: RunningServer;
  /** What the origin was asked, as `METHOD target`. */
  readonly asked: string[];
  get(path?: string, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

/** `cachegate serve --origin URL` in this process, in front of an origin of the test's own. */
export async function startProxy(
  origin: RequestListener,
  change: (config: Config) => Config = (config) => config,
): Promise<RunningProxy> {
  const asked: string[] = [];
  const upstream = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    origin(request, response);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const overrides = { listen: '127.0.0.1:0', origins: { default: url } };
  const config = await loadConfig({ cwd: '/', env: {}, overrides });
  const log = createLog({ level: 'minimal', destination: { write: () => {} } });
  const server = await startServer(change({ ...config, admin_listen: 'off' }), { env: {}, log });
  return {
    url: server.url,
    server,
    asked,
    get: (path = '/', headers = {}) => fetch(server.url + path, { headers }),
    async close() {
      await server.close(1_000);
      upstream.closeAllConnections();
      await new Promise((resolve) => upstream.close(resolve));
    },
  };
}

/** Changes the one service of a proxy. */
export function withCache(cache: Partial<Exclude<Config['services'][string]['cache'], 'off'>>) {
  return (config: Config): Config => {
    const service = config.services.default!;
    const before = service.cache === 'off' ? {} : service.cache;
    return { ...config, services: { default: { ...service, cache: { ...before, ...cache } as never } } };
  };
}
