import fastify from 'fastify';
import { type ListenAddress, listenError } from '../listen/listen-address.ts';
import { removeStaleSocket } from '../listen/stale-socket.ts';

/** What the admin address tells of the process. */
export interface Health {
  /** Whether the process can serve; not while it starts or stops. */
  isReady(): boolean;
  /** `available`, `away`, or `none` where no store is configured. */
  storeState(): 'available' | 'away' | 'none';
  readonly storageType: string;
}

export interface AdminServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The operator's side, on an address of its own: `/healthz` (the process lives) and `/readyz` (it can serve; a store
 * that is away does not stop that, and is named).
 * @throws CachegateError `ERR_SERVER_LISTEN`
 */
export async function startAdminServer(address: ListenAddress, health: Health): Promise<AdminServer> {
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const ready = health.isReady();
    const store = { type: health.storageType, state: health.storeState() };
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', store });
  });
  const where =
    address.kind === 'unix' ? { path: address.path } : { port: address.port, host: address.host ?? '::' };
  try {
    if (address.kind === 'unix') await removeStaleSocket(address.path);
    return { url: await server.listen(where), close: () => server.close() };
  } catch (error) {
    await server.close();
    throw listenError(address, 'admin_listen', error);
  }
}
