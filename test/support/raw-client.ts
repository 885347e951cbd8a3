import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** Sends bytes as they are (characters up to U+00FF), and answers all that came when the connection was closed. */
export async function sendRaw(url: string, bytes: string, pieces = bytes.length): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  // One that is refused is told so, and may find the connection gone when it goes on.
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let i = 0; i < bytes.length && socket.writable; i += pieces) {
    socket.write(bytes.slice(i, i + pieces), 'latin1');
    await turn();
  }
  await closed;
  return received;
}

/** The statuses of the responses in a connection's bytes, in order. */
export function statusesOf(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}
