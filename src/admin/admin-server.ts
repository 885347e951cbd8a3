import fastify from 'fastify';
import { type ListenAddress, listenError } from '../listen/listen-address.ts';
import { removeStaleSocket } from '../listen/stale-socket.ts';
import { sendError, sendProblem } from './problem.ts';
import { type AdminSessions, addSessionRoutes } from './session-routes.ts';

export interface StoreStatus {
  /** The kind of store; `none` where none is configured. */
  readonly type: string;
  /** `unwritable`: it is read and takes no writes. */
  readonly state: 'available' | 'unwritable' | 'away' | 'none';
}

/** What the admin address tells of the process, or of it and its workers, and what it lets an operator do. */
export interface AdminSources {
  /** Whether requests can be served; not at the start and at the stop. */
  isReady(): boolean;
  storeStatus(): StoreStatus | Promise<StoreStatus>;
  /** Where there are several: how many serve now, of how many there should be. */
  workers?(): { readonly ready: number; readonly configured: number };
  /** Where own sessions are configured. */
  readonly sessions?: AdminSessions | null;
  /** In the text format of Prometheus; left out where metrics are off. */
  metrics?(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface AdminServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The operator's side, on an address of its own: `/healthz` (the process lives) and `/readyz` (it can serve; a store
 * that is away does not stop that, and is named), `/metrics`, and `/sessions`. Errors have the form of RFC 9457.
 * @throws CachegateError `ERR_SERVER_LISTEN`
 */
export async function startAdminServer(address: ListenAddress, sources: AdminSources): Promise<AdminServer> {
  const server = fastify({
    logger: false,
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply) => void sendError(reply, error),
  });
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const ready = sources.isReady();
    const workers = sources.workers?.();
    const store = await sources.storeStatus();
    const sessions = await sources.sessions?.status();
    const status = ready ? 'ready' : 'not ready';
    const answer = { status, store, ...(sessions && { sessions }), ...(workers && { workers }) };
    return reply.code(ready ? 200 : 503).send(answer);
  });
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, 404, 'There is nothing here'));
  server.setErrorHandler((error, _request, reply) => sendError(reply, error));
  const { metrics, sessions } = sources;
  if (metrics !== undefined) {
    server.get('/metrics', async (_request, reply) => {
      const { contentType, text } = await metrics();
      return reply.type(contentType).send(text);
    });
  }
  const host = address.kind === 'unix' ? null : (address.host ?? null);
  if (sessions) addSessionRoutes(server, sessions, host);
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
