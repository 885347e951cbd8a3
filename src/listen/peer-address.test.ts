import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type NetConnectOpts, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { peerAddress } from './peer-address.ts';

const folder = mkdtempSync(join(tmpdir(), 'cachegate-peer-'));
const closing: (() => unknown)[] = [];
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

/** What a server finds of the other end of a request's connection, then and when the connection is gone. */
async function found(
  listen: (server: Server) => Server,
  where: (server: Server) => NetConnectOpts,
  reset = false,
) {
  const server = createServer();
  closing.push(() => server.close());
  await new Promise((resolve) => listen(server).once('listening', resolve));
  const peers = new Promise<string[]>((resolve) => {
    server.once('request', ({ socket }) => {
      const first = peerAddress(socket);
      socket.destroy();
      resolve([first, peerAddress(socket)]);
    });
  });
  const client = connect(where(server)).on('error', () => {});
  await new Promise((resolve) => client.once('connect', resolve));
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  if (reset) client.resetAndDestroy();
  return peers;
}

const onPort = (server: Server) => server.listen(0, '127.0.0.1');
const toPort = (server: Server) => {
  const address = server.address();
  return { host: '127.0.0.1', port: typeof address === 'object' ? address!.port : 0 };
};

it('is the address, for as long as there is one', async () => {
  const [first] = await found(onPort, toPort);
  expect(first).toBe('127.0.0.1');
});

it('of a connection that was reset behind its request is nobody’s, and no Unix socket’s', async () => {
  expect(await found(onPort, toPort, true)).toEqual(['unknown', 'unknown']);
});

it('of a Unix socket is empty, be the other end gone', async () => {
  const path = join(folder, 'a.sock');
  expect(
    await found(
      (server) => server.listen(path),
      () => ({ path }),
    ),
  ).toEqual(['', '']);
});

it.each([{}, { server: null }, { server: {} }, { remoteAddress: undefined, server: { listening: false } }])(
  'of what no server is known to have taken is nobody’s: %j',
  (socket) => expect(peerAddress(socket as never)).toBe('unknown'),
);

it('of a Unix socket that was handed over is empty too, also while its server closes', () => {
  const server = { listening: true, address: () => null };
  const socket = { remoteAddress: undefined, server };
  expect(peerAddress(socket)).toBe('');
  server.listening = false;
  expect(peerAddress(socket)).toBe('');
});
