import type { Socket } from 'node:net';

/** Somebody of whom nothing is known: neither an address nor a Unix socket, so that nothing is believed of what it says. */
const UNKNOWN = 'unknown';

/** What Node notes of a connection that a server has taken. */
type ServedSocket = Pick<Socket, 'remoteAddress'> & {
  readonly server?: { readonly listening?: boolean; address?(): unknown } | null;
};

/**
 * The address of a connection's other end; empty: a Unix socket. A connection that was reset has no address any more
 * although its request is still read, so that a Unix socket is known by the server that listens on it.
 */
export function peerAddress(socket: ServedSocket | undefined): string {
  return socket?.remoteAddress ?? (isUnix(socket) ? '' : UNKNOWN);
}

/** Servers on a Unix socket that was handed over, which has no path; while they close, nothing tells of it any more. */
const handedOver = new WeakSet<object>();

function isUnix(socket: ServedSocket | undefined): boolean {
  const server = socket?.server;
  const bound = server?.address?.();
  if (typeof bound === 'string') return true;
  if (bound === null && server?.listening === true) handedOver.add(server);
  return bound === null && handedOver.has(server!);
}
