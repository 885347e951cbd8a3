import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const STALLED_MS = 60_000;
const CHECKS = 4;

/**
 * Cuts a connection whose client reads nothing for `stallMs` (and up to a quarter more) while something waits for it.
 * A slow origin is no stall: then nothing waits. What the client sends meanwhile is no sign of reading either, so the
 * socket's own timer, which any byte sets back, is no measure.
 */
export function cutIfStalled(response: ServerResponse, socket: Socket, stallMs = STALLED_MS): void {
  let written = -1;
  let unsent = -1;
  let idle = 0;
  const check = () => {
    const unchanged = socket.bytesWritten === written && queued(socket) === unsent;
    idle = unchanged && socket.writableLength > 0 ? idle + 1 : 0;
    written = socket.bytesWritten;
    unsent = queued(socket);
    if (idle === CHECKS) socket.destroy();
    // An answer that waited for its turn has no close of its own.
    if (socket.destroyed) clearInterval(timer);
  };
  const timer = setInterval(check, Math.ceil(stallMs / CHECKS)).unref();
  response.once('close', () => clearInterval(timer));
}

/** What of the write under way the system has not taken yet: it shrinks while a slow client reads a large chunk. */
function queued(socket: Socket): number {
  return (socket as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}
