import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ConfigInput, configSchema } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server.ts';

type ServiceInput = ConfigInput['services'][string];

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A real HTTP server of a test's own that notes what it is asked. */
export interface NotingServer {
  readonly url: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

export async function startNotingServer(listener: RequestListener): Promise<NotingServer> {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    asked.push({ method: request.method!, url: request.url!, headers: request.headers });
    request.resume();
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Who the sample sessions are of: `roles` separated by commas. */
export const PEOPLE: Readonly<Record<string, { readonly user: string; readonly roles: string }>> = {
  'session-of-ann': { user: 'ann', roles: 'editor,author' },
  'session-of-bob': { user: 'bob', roles: 'author, editor' },
  'session-of-cem': { user: 'Çem, %', roles: 'leser/in, ädmin' },
  'session-of-dot': { user: 'dot', roles: '' },
};

/** An authority that knows these sessions until they are taken out of `known`. */
export async function startIdentityAuthority(known = new Set(Object.keys(PEOPLE))) {
  const server = await startNotingServer((request, response) => {
    const id = /(?:^|; )sessionid=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    if (!known.has(id)) return void response.writeHead(401).end();
    const { user, roles } = PEOPLE[id]!;
    const body = JSON.stringify({ me: { name: user }, roles: roles.split(',').map((role) => role.trim()) });
    const found = roles === '' ? JSON.stringify({ me: { name: user } }) : body;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(found);
  });
  return { ...server, known };
}

export interface GatedSite {
  readonly url: string;
  readonly server: RunningServer;
  ask(path: string, options?: AskOptions): Promise<Response>;
  close(): Promise<void>;
}

export interface AskOptions {
  /** A session of the sample authority's. */
  readonly session?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A server with these services, each with a path of its own name. */
export async function startGatedSite(
  services: Readonly<Record<string, ServiceInput>>,
  top: Omit<ConfigInput, 'services'> = {},
): Promise<GatedSite> {
  const named = Object.entries(services).map(([name, service]) => [name, { path: `/${name}`, ...service }]);
  const config = configSchema.parse({
    ...{ listen: '127.0.0.1:0', admin_listen: 'off', ...top },
    services: Object.fromEntries(named),
  });
  const log = createLog({ level: 'minimal', destination: { write: () => {} } });
  const server = await startServer(config, { env: {}, log });
  return {
    url: server.url,
    server,
    ask: (path, { session, method = 'GET', headers = {}, body } = {}) =>
      fetch(server.url + path, {
        method,
        headers: { ...(session !== undefined && { Cookie: `sessionid=${session}` }), ...headers },
        redirect: 'manual',
        ...(body !== undefined && { body }),
      }),
    close: async () => void (await server.close(1_000)),
  };
}
