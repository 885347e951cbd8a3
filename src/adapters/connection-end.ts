import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What Node notes of a connection that it serves, and tells nobody. */
type ServingSocket = Socket & {
  readonly _httpMessage?: ServerResponse | null;
  readonly parser?: { readonly incoming: IncomingMessage | null } | null;
};

/** The answer that a connection is sending; others wait behind it, each for its turn. */
export function currentAnswer(socket: Socket): ServerResponse | null {
  return (socket as ServingSocket)._httpMessage ?? null;
}

/** The request that was read last, as far as it was. */
export function incoming(socket: Socket): IncomingMessage | null {
  return (socket as ServingSocket).parser?.incoming ?? null;
}

/**
 * Calls `next` once every answer under way on a connection that Node has let go of is sent; never, if it ends before.
 * Node then no longer tells an answer that its socket can take more.
 */
export function inTurn(socket: Socket, next: () => void): void {
  if (isEnding(socket)) return;
  const relay = () => void currentAnswer(socket)?.emit('drain');
  const proceed = () => {
    const answer = currentAnswer(socket);
    if (answer !== null) {
      answer.once('finish', proceed);
      return;
    }
    socket.off('drain', relay);
    if (socket.writable) next();
  };
  // Once, however often a connection comes here.
  socket.off('error', ignore);
  socket.on('error', ignore);
  socket.on('drain', relay);
  proceed();
}

const ignore = () => {};

// For so long a client may still send what nobody reads: closing at once would reset the connection, and the reset can
// overtake the answer (RFC 9112 §9.6).
const LINGER_MS = 1_000;

const ending = new WeakSet<Socket>();

/** Whether nothing that still arrives on a connection is to be taken for a request. */
export function isEnding(socket: Socket): boolean {
  return ending.has(socket);
}

/** From now on nothing that arrives is a request, and the close after the last answer is one in stages. */
export function endAfterAnswer(socket: Socket): void {
  ending.add(socket);
  // With this, Node closes a connection behind its last answer.
  socket.destroySoon = () => closeInStages(socket);
}

/** Sends all that was written and the end, then drops what still comes until the client closes too. */
export function closeInStages(socket: Socket): void {
  ending.add(socket);
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
