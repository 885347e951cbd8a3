import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

// When one side has ended, what it sent is still delivered, for so long.
const DRAIN_MS = 5_000;
const PROBE_AFTER_MS = 60_000;

/**
 * Joins a client's connection with the origin's: bytes go both ways, each way at the pace of its reader, and the end or
 * failure of one side ends the other. There is no limit on silence, since the protocols that come here have pings of
 * their own where they want one; a peer that is gone without a word is found by TCP's.
 */
export function joinTunnel(client: Socket, origin: Duplex): void {
  client.setTimeout(0);
  client.setKeepAlive(true, PROBE_AFTER_MS);
  const destroy = () => {
    client.destroy();
    origin.destroy();
  };
  let deadline: NodeJS.Timeout | undefined;
  for (const side of [client, origin]) {
    side.on('error', destroy);
    side.once('end', () => {
      deadline ??= setTimeout(destroy, DRAIN_MS);
    });
    side.once('close', () => {
      clearTimeout(deadline);
      destroy();
    });
  }
  if (client.destroyed || origin.destroyed) destroy();
  client.pipe(origin);
  origin.pipe(client);
}
