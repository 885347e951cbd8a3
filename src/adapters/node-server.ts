import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { formatListenAddress, type ListenAddress, listenError } from '../listen/listen-address.ts';
import { removeStaleSocket } from '../listen/stale-socket.ts';
import { connectionEvent, createHttpServer, type HttpServerOptions } from './http-server.ts';
import type { NodeListener } from './node.ts';

export interface NodeServerOptions extends HttpServerOptions {
  readonly address: ListenAddress;
}

export interface NodeServer {
  /** `http://host:port`, `https://host:port` or `unix:path`. */
  readonly url: string;
  /** Connections from now on are offered this certificate. */
  renewTls(tls: NonNullable<HttpServerOptions['tls']>): void;
  /**
   * Accepts nothing more, lets requests under way finish, and cuts off what is left after `deadlineMs`, connections
   * that changed their protocol included. Answers whether all finished.
   */
  close(deadlineMs: number): Promise<boolean>;
}

const IDLE_SWEEP_MS = 100;

/** @throws CachegateError `ERR_SERVER_LISTEN`: the address is in use, or may not or can't be listened on. */
export async function startNodeServer(options: NodeServerOptions): Promise<NodeServer> {
  const { address, tls, listener } = options;
  let closing = false;
  /** Connections that have sent no request yet: nothing of theirs is under way. */
  const silent = new Set<Socket>();
  const onRequest: NodeListener = (request, response, join) => {
    silent.delete(request.socket);
    if (closing) response.shouldKeepAlive = false;
    listener(request, response, join);
  };
  const server = createHttpServer({ ...options, listener: onRequest });
  const sockets = trackSockets(server);
  onNewConnection(server, connectionEvent(options), (socket) => {
    // Each pipelined request that waits listens for its end.
    socket.setMaxListeners(0);
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  await listen(server, address);
  return {
    url: urlOf(server, address, tls !== null),
    renewTls(renewed) {
      if (server instanceof TlsServer) server.setSecureContext(renewed);
    },
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
  onNewConnection(server, 'connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** A connection comes to the parser more than once where a request asked for an upgrade that nobody takes. */
function onNewConnection(server: Server, event: string, listener: (socket: Socket) => void): void {
  const seen = new WeakSet<Socket>();
  server.on(event, (socket: Socket) => {
    if (seen.has(socket)) return;
    seen.add(socket);
    listener(socket);
  });
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
