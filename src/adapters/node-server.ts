import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { formatListenAddress, type ListenAddress, listenError } from '../listen/listen-address.ts';
import { removeStaleSocket } from '../listen/stale-socket.ts';

export interface NodeServerOptions {
  readonly address: ListenAddress;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly listener: RequestListener;
}

export interface NodeServer {
  /** `http://host:port`, `https://host:port` or `unix:path`. */
  readonly url: string;
  /**
   * Accepts nothing more, lets requests under way finish, and cuts off what is left after `deadlineMs`.
   * Answers whether all finished.
   */
  close(deadlineMs: number): Promise<boolean>;
}

// Longer than the idle time of common load balancers (60 s), so that it is they who close.
const KEEP_ALIVE_MS = 65_000;
const IDLE_SWEEP_MS = 100;

/** @throws CachegateError `ERR_SERVER_LISTEN`: the address is in use, or may not or can't be listened on. */
export async function startNodeServer({ address, tls, listener }: NodeServerOptions): Promise<NodeServer> {
  let closing = false;
  /** Connections that have sent no request yet: nothing of theirs is under way. */
  const silent = new Set<Socket>();
  const onRequest: RequestListener = (request, response) => {
    silent.delete(request.socket);
    if (closing) response.shouldKeepAlive = false;
    listener(request, response);
  };
  const options = { keepAliveTimeout: KEEP_ALIVE_MS };
  const server =
    tls === null ? createServer(options, onRequest) : createTlsServer({ ...options, ...tls }, onRequest);
  const sockets = trackSockets(server);
  server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    // Each pipelined request that waits listens for its end.
    socket.setMaxListeners(0);
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  await listen(server, address);
  return {
    url: urlOf(server, address, tls !== null),
    close: (deadlineMs) => {
      closing = true;
      for (const socket of silent) socket.destroy();
      return closeWithin(server, sockets, deadlineMs);
    },
  };
}

/** Every connection, those that are still at their TLS handshake included, which the server itself does not know. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  try {
    if (address.kind === 'unix') await removeStaleSocket(address.path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, resolve);
    });
  } catch (error) {
    throw listenError(address, '--listen', error);
  }
}

function closeWithin(server: Server, sockets: ReadonlySet<Socket>, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Connections fall idle one by one as their last answers end.
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    let finished = true;
    const deadline = setTimeout(() => {
      finished = false;
      for (const socket of sockets) socket.destroy();
    }, deadlineMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(deadline);
      resolve(finished);
    });
  });
}

function urlOf(server: Server, address: ListenAddress, secure: boolean): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string' || address.kind === 'unix')
    return formatListenAddress(address);
  return `${secure ? 'https' : 'http'}://${formatListenAddress({ ...address, port: bound.port })}`;
}
