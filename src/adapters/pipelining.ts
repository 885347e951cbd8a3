import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The answer of each connection that no request behind it may overtake, the last such. */
const barriers = new WeakMap<Socket, ServerResponse>();

/** Holds back what stands behind a request on its connection until it is answered. */
export function holdBackBehind(response: ServerResponse): void {
  barriers.set(response.req.socket, response);
}

/**
 * Whether a request may be handled only in its turn, when the answers before it are sent (its response gets its `socket`
 * then): requests in a row are handled side by side only where all are safe (RFC 9112 §9.3.2).
 */
export function mustWait({ method, socket }: IncomingMessage, response: ServerResponse): boolean {
  const isSafe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  if (isSafe && response.socket !== null) return false;
  const barrier = barriers.get(socket);
  if (!isSafe) holdBackBehind(response);
  return response.socket === null && (!isSafe || barrier?.writableFinished === false);
}
