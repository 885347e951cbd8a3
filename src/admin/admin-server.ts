import fastify from 'fastify';
import { type ListenAddress, listenError } from '../listen/listen-address.ts';
import { removeStaleSocket } from '../listen/stale-socket.ts';

export interface StoreStatus {
  /** The kind of store; `none` where none is configured. */
  readonly type: string;
  /** `unwritable`: it is read and takes no writes. */
  readonly state: 'available' | 'unwritable' | 'away' | 'none';
}

/** What the admin address tells of the process, or of it and its workers. */
export interface Health {
  /** Whether requests can be served; not at the start and at the stop. */
  isReady(): boolean;
  storeStatus(): StoreStatus | Promise<StoreStatus>;
  /** Where there are several: how many serve now, of how many there should be. */
  workers?(): { readonly ready: number; readonly configured: number };
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
    const workers = health.workers?.();
    const store = await health.storeStatus();
    const status = ready ? 'ready' : 'not ready';
    return reply.code(ready ? 200 : 503).send({ status, store, ...(workers && { workers }) });
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
