import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fieldValue } from '../http/fields.ts';
import { closeInStages, inTurn } from './connection-end.ts';
import { writeLastAnswer } from './last-answer.ts';
import type { NodeListener } from './node.ts';
import { inspectHead } from './request-head.ts';
import { joinTunnel } from './tunnel.ts';

export interface UpgradeOptions {
  readonly listener: NodeListener;
  /** Protocols that some service passes on, in lower case. */
  readonly upgrades: ReadonlySet<string>;
  /** Gives a connection to the parser again, to begin with what was put back. */
  readonly serveAgain: (socket: Socket) => void;
}

/**
 * What becomes of a request with `Upgrade` (RFC 9110 §7.8), whose connection Node lets go of. Without a listener for
 * them Node would drop what stands behind such a request in the same read.
 */
export function createUpgradeListener(
  options: UpgradeOptions,
): (message: IncomingMessage, socket: Socket, head: Buffer) => void {
  const { listener, upgrades, serveAgain } = options;
  return (message, socket, head) => {
    inTurn(socket, () => {
      const hasContent = inspectHead(message);
      if (typeof hasContent !== 'boolean') writeLastAnswer(socket, hasContent);
      else if (hasContent || !asksForOne(message, upgrades)) {
        putBack(message, socket, head);
        serveAgain(socket);
      } else serve(listener, message, socket, head);
    });
  };
}

// HTTP/1.0 has no upgrades, and what a client that would change protocols sends as content is none of the new one's.
function asksForOne(message: IncomingMessage, upgrades: ReadonlySet<string>): boolean {
  if (upgrades.size === 0 || message.httpVersionMinor === 0) return false;
  const asked = fieldValue(message.rawHeaders, 'upgrade') ?? '';
  return asked.split(',').some((protocol) => upgrades.has(protocol.trim().toLowerCase()));
}

/** Puts a request back as it came but for its `Upgrade`, and all that stands behind it. */
function putBack(
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  lines.push('', '');
  socket.unshift(Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), head]));
}

/** Lets the service decide: what is no 101 is the last answer of the connection. */
function serve(listener: NodeListener, message: IncomingMessage, socket: Socket, head: Buffer): void {
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  const relay = () => void response.emit('drain');
  socket.on('drain', relay);
  let tunnel: Duplex | null = null;
  response.once('finish', () => {
    socket.off('drain', relay);
    response.detachSocket(socket);
    if (tunnel === null) {
      closeInStages(socket);
      return;
    }
    if (head.length > 0) socket.unshift(head);
    joinTunnel(socket, tunnel);
  });
  listener(message, response, (answer, origin) => {
    if (socket.destroyed) {
      origin.destroy();
      return;
    }
    response.writeHead(answer.status, answer.fields as string[]);
    tunnel = origin;
    response.end();
  });
}
