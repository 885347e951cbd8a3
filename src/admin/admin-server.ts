import { type ListenAddress, listenError } from '../listen/listen-address.ts';
import { removeStaleSocket } from '../listen/stale-socket.ts';
import type { AdminSources } from './admin-sources.ts';
import { createAdmin } from './create-admin.ts';

export type { AdminSources, StoreStatus } from './admin-sources.ts';

export interface AdminServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The operator's side, on an address of its own: probes, metrics, what can be asked for and done (`Operations`), own
 * sessions, the OpenAPI document and its page. Errors have the form of RFC 9457.
 * @throws CachegateError `ERR_SERVER_LISTEN`
 */
export async function startAdminServer(address: ListenAddress, sources: AdminSources): Promise<AdminServer> {
  const server = await createAdmin(sources, address.kind === 'unix' ? null : (address.host ?? null));
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
